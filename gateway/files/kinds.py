"""What a file is, by its own bytes and not by what its sender says.  [core]

Pictures and PDFs are known by how they begin. Text is what is UTF-8 throughout, without control characters;
it may well be the source of a web page, which does no harm to those who save it as text.
"""

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass

from gateway.protocol_error import ProtocolError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that may be allowed."""

    title: str
    "For people."
    media_type: str
    suffixes: tuple[str, ...]
    "What names of such files end with; the first is the usual one."


KINDS = {
    "png": Kind("PNG", "image/png", ("png",)),
    "jpeg": Kind("JPEG", "image/jpeg", ("jpg", "jpeg")),
    "webp": Kind("WebP", "image/webp", ("webp",)),
    "gif": Kind("GIF", "image/gif", ("gif",)),
    "pdf": Kind("PDF", "application/pdf", ("pdf",)),
    "txt": Kind("plain text", "text/plain", ("txt", "text", "log", "csv", "md")),
}
BEGINNINGS = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "gif": re.compile(rb"GIF8[79]a"),
    "pdf": re.compile(rb"%PDF-"),
}
"WHATWG, MIME Sniffing, section 6.1 (pictures); ISO 32000-2, section 7.5.2 (PDF)."
HEAD_BYTES = 12
"So many tell them apart."

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
"All but tab, line feed, form feed and carriage return."


class Sniffer:
    """Finds out what a file is while it comes."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed
        self._head = bytearray()
        self._found: str | None = None
        self._text = codecs.getincrementaldecoder("utf-8")()

    def feed(self, data: bytes) -> None:
        """The next bytes. Raises `ProtocolError` (`type_not_allowed`) once that is clear."""
        if self._found is None:
            self._head += data
            if len(self._head) < HEAD_BYTES:
                return
            self._decide()
        elif self._found == "txt":
            self._read(data)

    def finish(self) -> Kind:
        """That was all of it. Raises `ProtocolError` (`type_not_allowed`)."""
        if self._found is None:
            self._decide()
        if self._found == "txt":
            self._read(b"", final=True)
        assert self._found is not None
        return KINDS[self._found]

    def _decide(self) -> None:
        head = bytes(self._head)
        found = next((name for name, begins in BEGINNINGS.items() if begins.match(head)), "txt")
        if found not in self._allowed:
            raise self._refusal()
        self._found = found
        if found == "txt":
            self._read(head)

    def _read(self, data: bytes, *, final: bool = False) -> None:
        try:
            text = self._text.decode(data, final)
        except UnicodeDecodeError:
            raise self._refusal() from None
        if _CONTROLS.search(text):
            raise self._refusal()

    def _refusal(self) -> ProtocolError:
        titles = [kind.title for name, kind in KINDS.items() if name in self._allowed]
        may = f"these can: {', '.join(titles)}" if titles else "none can"
        return ProtocolError("type_not_allowed", f"Files of this type can't be sent; {may}.", 415)
