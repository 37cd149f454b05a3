import unicodedata

import pytest

from gateway.files.kinds import KINDS
from gateway.files.names import LONGEST, LONGEST_BYTES, clean_name


@pytest.mark.parametrize(
    ("given", "kind", "wanted"),
    [
        ("receipt.pdf", "pdf", "receipt.pdf"),
        ("Photo 1.JPG", "jpeg", "Photo 1.JPG"),
        ("Rechnung März.pdf", "pdf", "Rechnung März.pdf"),
        ("照片.png", "png", "照片.png"),
        ("no ending", "png", "no ending.png"),
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("C:\\Users\\eve\\notes.txt", "txt", "notes.txt"),
        ("..", "txt", "file.txt"),
        ("/", "png", "file.png"),
        ("", "png", "file.png"),
        (".htaccess", "txt", "htaccess.txt"),
        (".pdf", "pdf", "pdf.pdf"),
        ("setup.exe", "png", "setup.exe.png"),
        ("page.html", "txt", "page.html.txt"),
        ("exe.\u202egpj", "png", "exe.gpj.png"),
        ("a\u200bb\u2066c\ufeff.png", "png", "abc.png"),
        ("line\r\nSet-Cookie: x=1.png", "png", "lineSet-Cookie_ x=1.png"),
        ("nul\x00byte.png", "png", "nulbyte.png"),
        ('quo"te<b>|?*.png', "png", "quo_te_b____.png"),
        ("  two\u2003 \t spaces  .png", "png", "two spaces.png"),
        ("\udcff\ud800half.png", "png", "half.png"),
        ("u\u0308.png", "png", "ü.png"),
    ],
)
def test_a_name_is_fit_to_be_shown_and_saved(given: str, kind: str, wanted: str) -> None:
    assert clean_name(given, KINDS[kind]) == wanted


@pytest.mark.parametrize("given", ["x" * 5_000 + ".png", "🙂" * 5_000, "x." * 3_000, " " * 9_000 + "a.png"])
def test_a_name_has_an_end(given: str) -> None:
    name = clean_name(given, KINDS["png"])
    assert len(name) <= LONGEST and len(name.encode()) <= LONGEST_BYTES and name.endswith(".png")


def test_whatever_stands_in_it_a_name_can_be_seen() -> None:
    every = "".join(map(chr, range(0x3000))) + "\ue000\U000e0041\U0010ffff"
    for begin in range(0, len(every), 50):
        name = clean_name(every[begin : begin + 50], KINDS["txt"])
        assert not [c for c in name if unicodedata.category(c)[0] == "C"]
        assert not set(name) & set('/\\<>:"|?*')
