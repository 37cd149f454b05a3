"""The header fields that calls are made of, as values (RFC 3261, chapter 20).  [core]"""

import re

from sipmessage import Headers, MediaType

from gateway.sip.address import Address
from gateway.sip.grammar import SPACE, TOKEN
from gateway.sip.parameters import Parameters
from gateway.sip.via import Via

MOST_SECONDS = 2**32 - 1

_MEDIA_TYPE = re.compile(rf"({TOKEN}){SPACE}/{SPACE}({TOKEN})")


class TypedFields:
    """Takes the place of those accessors of sipmessage's messages that misread (see the package's note).

    Of a message that `message.parse` gave none of these raises. Assigning writes the field anew.
    """

    headers: Headers

    @property
    def via(self) -> list[Via]:
        """The way of the request, the last hop first."""
        return [via for text in self.headers.getlist("Via") for via in Via.parse_many(text)]

    @via.setter
    def via(self, value: list[Via]) -> None:
        self.headers.setlist("Via", [str(via) for via in value])

    @property
    def from_address(self) -> Address:
        """Who sent the request."""
        return Address.parse(self.headers["From"])

    @from_address.setter
    def from_address(self, value: Address) -> None:
        self.headers.set("From", str(value))

    @property
    def to_address(self) -> Address:
        """For whom the request is."""
        return Address.parse(self.headers["To"])

    @to_address.setter
    def to_address(self, value: Address) -> None:
        self.headers.set("To", str(value))

    @property
    def contact(self) -> list[Address]:
        """Where the sender wants to be reached; nothing for the `*` of a REGISTER."""
        return [] if self.headers.get("Contact") == "*" else self._addresses("Contact")

    @contact.setter
    def contact(self, value: list[Address]) -> None:
        self._set_addresses("Contact", value)

    @property
    def route(self) -> list[Address]:
        """The proxies that the request is still to pass."""
        return self._addresses("Route")

    @route.setter
    def route(self, value: list[Address]) -> None:
        self._set_addresses("Route", value)

    @property
    def record_route(self) -> list[Address]:
        """The proxies that want to see the rest of the dialog, the last one first."""
        return self._addresses("Record-Route")

    @record_route.setter
    def record_route(self, value: list[Address]) -> None:
        self._set_addresses("Record-Route", value)

    @property
    def content_type(self) -> MediaType | None:
        """What the body is; type and parameter names in lower case."""
        text = self.headers.get("Content-Type")
        return None if text is None else media_type(text)

    @content_type.setter
    def content_type(self, value: MediaType | None) -> None:
        if value is None:
            self.headers.remove("Content-Type")
        else:
            self.headers.set("Content-Type", str(value))

    @property
    def expires(self) -> int | None:
        """Seconds, at most 2**32 - 1; None also for what is no number (section 20.19: the default counts)."""
        return self._seconds("Expires")

    @expires.setter
    def expires(self, value: int | None) -> None:
        self._set_seconds("Expires", value)

    @property
    def min_expires(self) -> int | None:
        """Seconds, as `expires`."""
        return self._seconds("Min-Expires")

    @min_expires.setter
    def min_expires(self, value: int | None) -> None:
        self._set_seconds("Min-Expires", value)

    def _addresses(self, name: str) -> list[Address]:
        return [address for text in self.headers.getlist(name) for address in Address.parse_many(text)]

    def _set_addresses(self, name: str, value: list[Address]) -> None:
        if value:
            self.headers.setlist(name, [str(address) for address in value])
        else:
            self.headers.remove(name)

    def _seconds(self, name: str) -> int | None:
        text = self.headers.get(name)
        if text is None or not (text.isascii() and text.isdecimal()):
            return None
        return min(int(text[:20]), MOST_SECONDS)

    def _set_seconds(self, name: str, value: int | None) -> None:
        if value is None:
            self.headers.remove(name)
        else:
            self.headers.set(name, str(value))


def media_type(text: str) -> MediaType:
    """What a Content-Type says; raises ValueError only."""
    match = _MEDIA_TYPE.match(text)
    if match is None:
        raise ValueError("this is no media type")
    return MediaType("/".join(match.groups()).lower(), Parameters.parse(text[match.end() :]))
