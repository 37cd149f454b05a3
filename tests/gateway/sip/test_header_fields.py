"""Header lines to header fields, and which of them a message must have."""

import pytest
from sipmessage import Headers

from gateway.protocol_error import ProtocolError
from gateway.sip import header_fields

GOOD = (
    "Via: SIP/2.0/UDP a;branch=z9hG4bK1",
    "From: <sip:a@b>;tag=1",
    "To: <sip:c@d>",
    "Call-ID: x@y",
    "CSeq: 1 INVITE",
)


def read(*lines: str) -> Headers:
    headers, malformed = header_fields.read(lines)
    assert not malformed
    return headers


def test_a_name_in_any_case_or_its_short_form_is_the_field() -> None:
    headers = read("v: 1", "VIA : 2", "vIa\t:\t 3 ", "x-Own:")
    assert headers.getlist("Via") == ["1", "2", "3"]
    assert headers.getlist("X-Own") == [""]


@pytest.mark.parametrize("line", ["", "Foobar roobar", ": a", "a b: c", "ä: b", "a@b: c"])
def test_a_line_that_is_no_field_does_not_hide_the_others(line: str) -> None:
    headers, malformed = header_fields.read(["First: 1", line, "Last: 2"])
    assert malformed
    assert (headers.get("First"), headers.get("Last")) == ("1", "2")


def test_items_of_a_list_become_fields_of_their_own() -> None:
    headers = read(
        *GOOD,
        "Via: SIP/2.0/TCP b, SIP/2.0/TLS c;x",
        'Contact: "A, B" <sip:a@b>;q=1 , sip:c@d',
        "Route: <sip:p;lr>,<sip:q;lr>",
        "Record-Route: <sip:r>,<sip:s>",
    )
    header_fields.check(headers)
    assert headers.getlist("Via") == ["SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/TCP b", "SIP/2.0/TLS c;x"]
    assert headers.getlist("Contact") == ['"A, B" <sip:a@b>;q=1', "sip:c@d"]
    assert headers.getlist("Route") == ["<sip:p;lr>", "<sip:q;lr>"]
    assert headers.getlist("Record-Route") == ["<sip:r>", "<sip:s>"]


@pytest.mark.parametrize("missing", range(len(GOOD)))
def test_what_every_message_has(missing: int) -> None:
    header_fields.check(read(*GOOD))
    with pytest.raises(ProtocolError) as fault:
        header_fields.check(read(*(line for at, line in enumerate(GOOD) if at != missing)))
    assert (fault.value.code, fault.value.status) == ("missing_field", 400)
    assert fault.value.message.startswith(GOOD[missing].partition(":")[0])


@pytest.mark.parametrize(
    "line",
    ["f: <sip:x@y>", "to: <sip:x@y>", "i: z", "CSEQ: 2 BYE", "Max-Forwards: 70", "l: 0", "c: a/b"],
)
def test_what_stands_once(line: str) -> None:
    again = [line, line] if line.split(":")[0] in {"Max-Forwards", "l", "c"} else [line]
    with pytest.raises(ProtocolError) as fault:
        header_fields.check(read(*GOOD, *again))
    assert fault.value.code == "repeated_field"


@pytest.mark.parametrize(
    "line",
    [
        "Via: ;",
        "Contact: Shop",
        "Contact: *, <sip:a@b>",
        "Route: <sip:a",
        "Record-Route: a",
        "Max-Forwards: 256",
        "Max-Forwards: -1",
        "Max-Forwards: x",
        "Max-Forwards: \u0663",
        "Content-Length: -999",
        "Content-Length: 5, 6",
        "Content-Length: 99999999999",
        "Content-Length:",
        "Content-Type: sdp",
        "Content-Type: a/b;c=d e",
    ],
)
def test_what_cannot_be_read(line: str) -> None:
    with pytest.raises(ProtocolError) as fault:
        header_fields.check(read(*GOOD, line))
    assert (fault.value.code, fault.value.status) == ("malformed_field", 400)
    assert fault.value.message == f"{line.partition(':')[0]} is malformed."


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (1, "From: <sip:a@b>, <sip:c@d>"),
        (1, "From: *"),
        (2, "To: "),
        (3, "Call-ID: a b"),
        (3, "Call-ID:"),
        (4, "CSeq: INVITE 1"),
        (4, "CSeq: 1"),
        (4, "CSeq: 2147483648 INVITE"),
        (4, "CSeq: -1 INVITE"),
        (4, "CSeq: 36893488147419103232 INVITE"),
    ],
)
def test_what_must_be_there_must_be_readable(place: int, line: str) -> None:
    with pytest.raises(ProtocolError) as fault:
        header_fields.check(read(*GOOD[:place], line, *GOOD[place + 1 :]))
    assert fault.value.code == "malformed_field"


def test_numbers_may_be_as_large_as_the_rfc_lets_them() -> None:
    header_fields.check(read(*GOOD[:4], "CSeq: 2147483647 \t INVITE", "Max-Forwards: 0255", "Contact: *"))


@pytest.mark.parametrize("lines", [["Route: <sip:a>"] * 81, ["Route: " + ",".join(["<sip:a>"] * 50)] * 2])
def test_nobody_makes_us_read_lists_without_an_end(lines: list[str]) -> None:
    header_fields.check(read(*GOOD, *lines[: len(lines) // 2]))
    with pytest.raises(ProtocolError) as fault:
        header_fields.check(read(*GOOD, *lines))
    assert fault.value.code == "malformed_field"
