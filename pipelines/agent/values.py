"""Finds slot values in what a customer said. Nothing it gives was not said. [core]

Numbers, ZIP codes and e-mail addresses are read by `tools.evidence`, which the gate uses as well; here they
get their roles, since a bare five-digit number may be an order or a ZIP code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.agent.definition import Slot, SlotKind
from tools.evidence import find_emails, find_order_ids, find_zips

_ADDRESS_LEAD = re.compile(
    r"^.*?\b(?:to|address is|address to|it is|it's|new one is|should be|is)\b[:,]?\s+(?=\d)",
    re.IGNORECASE | re.DOTALL,
)
_STREET = re.compile(r"\d{1,6}\s+(?:[A-Za-z0-9.'-]+\s*,?\s*){2,}")
_LONGEST_ADDRESS = 200


@dataclass(frozen=True, slots=True)
class Known:
    """What bears on the role of a number."""

    awaiting: SlotKind | None = None
    "The kind of value we asked for."
    order_given: bool = False
    verified: bool = False
    "A ZIP code is of no more use."


def find_values(text: str, slots: Mapping[str, Slot], known: Known) -> dict[str, str]:
    """A value for each of `slots` that the text holds one for; of several, the last."""
    by_kind = _by_kind(text, known)
    return {name: by_kind[slot.kind] for name, slot in slots.items() if slot.kind in by_kind}


def find_address(text: str) -> str | None:
    """A whole US address, from the house number to the ZIP code; None if a part is missing."""
    shortened = _ADDRESS_LEAD.sub("", text, count=1)
    for candidate in (shortened, text):
        found = _STREET.search(candidate)
        if not found:
            continue
        address = " ".join(candidate[found.start() :].split()).rstrip(" .!?")[:_LONGEST_ADDRESS]
        zips = find_zips(address[-20:])
        if zips and not re.match(r"\d{5}\b\D*$", address):
            cut = address.rfind(zips[-1])
            return address[: cut + 5] if cut > 0 else address
    return None


def _by_kind(text: str, known: Known) -> dict[SlotKind, str]:
    found: dict[SlotKind, str] = {}
    if known.awaiting == "address":
        if address := find_address(text):
            return {"address": address}
    elif address := find_address(text):
        found["address"] = address
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
    wants_zip = known.awaiting == "zip" or (known.awaiting != "order_id" and known.order_given)
    return (None, either[0]) if wants_zip else (either[0], None)
