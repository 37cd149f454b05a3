"""The next hop of a SIP message: where it came from, or where it goes.  [core]"""

from dataclasses import dataclass
from typing import Literal

Transport = Literal["udp", "tcp", "tls"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One transport address of another SIP element, and over which connection it is reached."""

    transport: Transport
    host: str
    "An IP address without brackets; whoever makes a hop has resolved the name."
    port: int
    connection: int | None = None
    "Names an open stream connection of the endpoint; None lets the endpoint use or open one."

    @property
    def reliable(self) -> bool:
        """Whether the transport itself retransmits (RFC 3261, section 17)."""
        return self.transport != "udp"

    def serves(self, other: "Hop") -> bool:
        """Whether what happens to this hop happens to messages for `other` too: same address and connection.

        A hop without a connection stands for whichever one the endpoint uses.
        """
        same_address = (self.transport, self.host, self.port) == (other.transport, other.host, other.port)
        return same_address and (
            self.connection == other.connection or None in (self.connection, other.connection)
        )
