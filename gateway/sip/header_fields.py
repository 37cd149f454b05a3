"""Header lines to fields, and the check of those that calls are made of (RFC 3261, section 7.3).  [core]"""

import re
from collections.abc import Callable, Iterable, Sequence

from sipmessage import Headers
from sipmessage.message import COMPACT_FORMS

from gateway.protocol_error import ProtocolError
from gateway.sip.address import Address
from gateway.sip.grammar import MOST_ITEMS, SPACE, TOKEN
from gateway.sip.typed_fields import media_type
from gateway.sip.via import Via

REQUIRED = ("Via", "From", "To", "Call-ID", "CSeq")
"In every message. Max-Forwards should be there too, but RFC 2543 did not know it (inv2543 of RFC 4475)."
SINGLE = {"from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type"}
"Those of which there is at most one (multi01 and mcl01 of RFC 4475)."
MOST_FORWARDS = 255
MOST_SEQUENCE = 2**31 - 1

_FIELD = re.compile(rf"({TOKEN}){SPACE}:{SPACE}(.*)", re.DOTALL)
_CSEQ = re.compile(rf"([0-9]{{1,10}})[ \t]+{TOKEN}")
_CALL_ID = re.compile(r"[!-~]+")


def read(lines: Iterable[str]) -> tuple[Headers, bool]:
    """The header fields of unfolded lines by their long names, and whether there was a line that is none."""
    headers = Headers()
    malformed = False
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            malformed = True
        else:
            name, value = match.groups()
            headers.add(COMPACT_FORMS.get(name.lower(), name), value.rstrip(" \t"))
    return headers, malformed


def check(headers: Headers) -> None:
    """That each field we use is there as often as it must, and can be read; raises `ProtocolError`.

    Lists (Via, Contact, Route, Record-Route) are split: one field for each item.
    """
    for name in headers.keys():
        if name.lower() in SINGLE and len(headers.getlist(name)) > 1:
            raise ProtocolError("repeated_field", "A header field of which there is one came twice.")
    for name in REQUIRED:
        if not headers.getlist(name):
            raise ProtocolError("missing_field", f"{name} is missing.")
    for name, read_items in _READERS.items():
        if values := headers.getlist(name):
            try:
                headers.setlist(name, _items(values, read_items))
            except ValueError:
                raise ProtocolError("malformed_field", f"{name} is malformed.") from None


def _items(values: Sequence[str], read_items: Callable[[str], Sequence[object]]) -> list[str]:
    items: list[str] = []
    for value in values:
        items += map(str, read_items(value))
        if len(items) > MOST_ITEMS:  # before the rest is read
            raise ValueError("there are too many")
    return items


def _contacts(text: str) -> Sequence[object]:
    return ["*"] if text == "*" else Address.parse_many(text)


def _call_id(text: str) -> Sequence[object]:
    if not _CALL_ID.fullmatch(text):
        raise ValueError("this is no Call-ID")
    return [text]


def _sequence(text: str) -> Sequence[object]:
    match = _CSEQ.fullmatch(text)
    if match is None or int(match[1]) > MOST_SEQUENCE:
        raise ValueError("this is no CSeq")
    return [text]


def _media_type(text: str) -> Sequence[object]:
    media_type(text)
    return [text]


def _number(text: str) -> Sequence[object]:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise ValueError("this is no number")
    return [text]


def _forwards(text: str) -> Sequence[object]:
    if int(str(*_number(text))) > MOST_FORWARDS:
        raise ValueError("nothing is forwarded so often")
    return [text]


_READERS: dict[str, Callable[[str], Sequence[object]]] = {
    "Via": Via.parse_many,
    "From": lambda text: [Address.parse(text)],
    "To": lambda text: [Address.parse(text)],
    "Call-ID": _call_id,
    "CSeq": _sequence,
    "Contact": _contacts,
    "Route": Address.parse_many,
    "Record-Route": Address.parse_many,
    "Max-Forwards": _forwards,
    "Content-Length": _number,
    "Content-Type": _media_type,
}
"The items of a field's value, each written as it stood; they raise ValueError."
