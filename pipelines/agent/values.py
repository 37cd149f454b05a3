"""Finds slot values in what a customer said. Nothing it gives was not said. [core]

Numbers, ZIP codes and e-mail addresses are read by `tools.evidence`, which the gate uses as well; here they
get their roles, since a bare five-digit number may be an order or a ZIP code.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pipelines.agent.definition import Slot, SlotKind
from pipelines.secret import PLACEHOLDER, numbers_in
from tools.evidence import find_emails, find_order_ids, find_zips
from tools.numerals import fold, number_runs
from tools.places import canonical

_ADDRESS_LEAD = re.compile(
    r"^.*?\b(?:to|address is|address to|it is|it's|new one is|should be|is)\b[:,]?\s+(?=\d)",
    re.IGNORECASE | re.DOTALL,
)
_WRITTEN_ADDRESS = re.compile(r"\d{1,6} [^?!]{5,150}?\b\d{5}(?:-\d{4})?\b")
_SAID_ADDRESS = re.compile(r"\d{1,6} [^?!]{5,200}")
_ZIP_TAIL = 60
"Characters at the end of an address in which its ZIP code stands, be it said digit by digit."
_STREET_WORDS = frozenset(
    "street avenue road boulevard drive lane court place square terrace parkway highway circle way".split()
)
_STATE = re.compile(r"\b[A-Z]{2}\W+\d{5}")
_FIVE = 4
"Digits from which on a number is a name and not an amount."
_NUMBER = "#####"
_VALUE_PHRASES = (
    (
        re.compile(
            rf",?\s*(?:and |with )?(?:my |the |our |its )?(?:delivery )?(?:zip|postal|post) ?(?:code)?"
            rf"(?:\s+(?:is|was|it's)|:)?\s*(?:{_NUMBER})?(?=\W|$)"
        ),
        " ",
    ),
    (re.compile(r"(?:and )?(?:my |the )?(?:e-?mail(?: address)?(?: is|:)?\s+)?[\w.+-]+@[\w.-]+"), " "),
    (
        re.compile(rf"(?:my |the |for |of )*(?:(?:order|number|no)(?: number)?(?: is| was)? |# ?)*{_NUMBER}"),
        " my order ",
    ),
    (re.compile(r"\bmy order (?:is |number )*my order\b"), "my order"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What bears on the role of a number."""

    awaiting: SlotKind | None = None
    "The kind of value we asked for."
    order_given: bool = False
    proof_tried: bool = False
    "A ZIP code was given before, so a new number mends that one."
    corrects: bool = False
    "The customer takes something back."
    verified: bool = False
    "A ZIP code is of no more use."


def find_values(text: str, slots: Mapping[str, Slot], known: Known) -> dict[str, str]:
    """A value for each of `slots` that the text holds one for; of several, the last."""
    if known.awaiting == "digits" and (numbers := _numbers(text, slots)):
        return numbers
    kinds = {slot.kind for slot in slots.values()}
    by_kind = _by_kind(text, kinds, known)
    return {name: by_kind[slot.kind] for name, slot in slots.items() if slot.kind in by_kind}


def _numbers(text: str, slots: Mapping[str, Slot]) -> dict[str, str]:
    """For each slot of kind `digits` the last number so long, or the last secret."""
    found = PLACEHOLDER.findall(text)
    numbers = numbers_in(PLACEHOLDER.sub(" ", text))
    values: dict[str, str] = {}
    for name, slot in slots.items():
        fitting = [number for number in numbers if len(number) == slot.digits] if not slot.secret else found
        if slot.kind == "digits" and fitting:
            values[name] = fitting[-1]
    return values


def wish(text: str) -> str:
    """What is wanted, without the values: numbers and e-mail addresses say nothing about that.

    An order's number becomes "my order"; "my ZIP code is 60614" goes altogether, so the result may be empty.
    """
    text = PLACEHOLDER.sub(" ", text)
    if address := find_address(text):
        text = text.replace(address, "a new address")
    folded = fold(text)
    for run in reversed(number_runs(folded)):
        if sum(len(group.digits) for group in run) >= _FIVE:
            folded = f"{folded[: run[0].start]} {_NUMBER} {folded[run[-1].end :]}"
    folded = " ".join(folded.split())
    for pattern, instead in _VALUE_PHRASES:
        folded = " ".join(pattern.sub(instead, folded).split())
    return folded.strip(" ,.;:")


def find_address(text: str) -> str | None:
    """A whole US address, from the house number to the ZIP code; None if a part is missing."""
    for candidate in (_ADDRESS_LEAD.sub("", text, count=1), text):
        for pattern in (_WRITTEN_ADDRESS, _SAID_ADDRESS):
            found = pattern.search(candidate)
            address = " ".join(found.group().split()).rstrip(" .!?,") if found else ""
            if find_zips(address[-_ZIP_TAIL:]) and _names_a_place(address):
                return address
    return None


def _names_a_place(address: str) -> bool:
    """Whether there is a street or a state in it, so that two bare numbers make no address."""
    words = re.findall(r"[a-z]+", address.lower())
    named = set(canonical(words))
    return not named & {"order", "zip", "code"} and bool(named & _STREET_WORDS or _STATE.search(address))


def _by_kind(text: str, kinds: Collection[SlotKind], known: Known) -> dict[SlotKind, str]:
    found: dict[SlotKind, str] = {}
    if "address" in kinds and (address := find_address(text)):
        found["address"] = address
        if known.awaiting == "address":
            return found
        text = text.replace(address, " ")
    if emails := find_emails(text):
        found["email"] = emails[-1]
    orders, zips = find_order_ids(text), find_zips(text)
    order, zip_code = _roles(orders, zips, known)
    if order:
        found["order_id"] = order
    if zip_code:
        found["zip"] = zip_code
    if known.awaiting == "words" and text.strip():
        found["words"] = " ".join(text.split())
    return found


def _roles(orders: list[str], zips: list[str], known: Known) -> tuple[str | None, str | None]:
    """Which number is the order and which the ZIP code, where the customer did not say."""
    either = [number for number in orders if number in zips]
    order = next((number for number in reversed(orders) if number not in either), None)
    zip_code = next((number for number in reversed(zips) if number not in either), None)
    if not either:
        return order, zip_code
    if zip_code or known.verified:
        return order or either[-1], zip_code
    if order:
        return order, either[-1]
    if len(either) > 1:
        return either[0], either[1]
    mends_order = known.corrects and known.order_given and not known.proof_tried
    asked_for_zip = known.awaiting == "zip" and not mends_order
    wants_zip = asked_for_zip or (known.awaiting != "order_id" and known.order_given and not known.corrects)
    return (None, either[0]) if wants_zip else (either[0], None)
