import pytest

from gateway.files.kinds import KINDS, Sniffer
from gateway.protocol_error import ProtocolError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
ALL = tuple(KINDS)


def kind(data: bytes, allowed: tuple[str, ...] = ALL, size: int = 1_000) -> str:
    """What it is found to be, fed in pieces of this size; the code of the error if it may not come."""
    sniffer = Sniffer(allowed)
    try:
        for begin in range(0, len(data), size):
            sniffer.feed(data[begin : begin + size])
        return sniffer.finish().media_type
    except ProtocolError as error:
        assert error.status == 415
        return error.code


@pytest.mark.parametrize("size", [1, 3, 5, 1_000])
@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "image/jpeg"),
        (b"RIFF\x10\x00\x00\x0aWEBPVP8 " + bytes(40), "image/webp"),
        (b"GIF89a" + bytes(40), "image/gif"),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3" + bytes(40), "application/pdf"),
        (b"hello", "text/plain"),
        ("Grüße, 你好 🙂\r\n\tzweite Zeile\n".encode(), "text/plain"),
        (b"\xef\xbb\xbfwith a mark of its encoding", "text/plain"),
        (b"<script>alert(1)</script> is text", "text/plain"),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, wanted: str, size: int) -> None:
    assert kind(data, size=size) == wanted


@pytest.mark.parametrize("size", [1, 4, 1_000])
@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00 a program",
        b"PK\x03\x04\x14\x00\x08\x00 an archive or an office document",
        b"\x7fELF\x02\x01\x01\x00 a program",
        b"RIFF\x10\x00\x00\x00WAVEfmt ",
        b" %PDF-1.7 that begins later\x00\x01",
        b"text, and then a \x00 byte",
        b"text, and then an escape \x1b[2J",
        "Umlaute: Grüße".encode("latin-1"),
        "cut in a sign: ü".encode()[:-1],
        "two bytes a letter".encode("utf-16"),
        "\ufeff".encode("utf-16-le") + bytes(20),
    ],
)
def test_everything_else_is_refused(data: bytes, size: int) -> None:
    assert kind(data, size=size) == "type_not_allowed"


def test_only_what_is_allowed_comes() -> None:
    assert kind(PNG, ("png",)) == "image/png"
    assert kind(PNG, ("pdf", "txt")) == "type_not_allowed"
    assert kind(b"hello there, friend", ("png",)) == "type_not_allowed"
    assert kind(PNG, ()) == "type_not_allowed"


def test_what_may_not_come_is_known_after_its_first_bytes() -> None:
    with pytest.raises(ProtocolError, match="these can: PDF"):
        Sniffer(("pdf",)).feed(PNG[:12])
