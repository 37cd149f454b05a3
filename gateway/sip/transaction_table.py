"""The transactions under way, how many there may be, and which of them is due.  [core]"""

from collections import Counter as Tally
from dataclasses import dataclass

from prometheus_client import Gauge

from gateway.sip.client_transaction import (
    ClientTransaction,
    InviteClientTransaction,
    NonInviteClientTransaction,
)
from gateway.sip.hop import Hop
from gateway.sip.server_transaction import InviteServerTransaction, ServerTransaction
from gateway.sip.timers import Agenda

UNDER_WAY = Gauge("warmline_sip_transactions", "SIP transactions under way", ["role"])

Transaction = ClientTransaction | ServerTransaction


@dataclass(frozen=True, slots=True)
class Limits:
    """How many server transactions may be under way; a request beyond gets 503 with Retry-After.

    Client transactions are as many as there are calls and registrations of ours.
    """

    transactions: int = 16_384
    per_source: int = 8_192
    "From one host: a trunk is one host, so this is no flood limit."


class TransactionTable:
    """Transactions by their keys. Whoever changes one calls `settle`, which drops it when it is over."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clients: dict[str, ClientTransaction] = {}
        self._servers: dict[str, ServerTransaction] = {}
        self._sources: Tally[str] = Tally()
        "Server transactions of each host."
        self._agenda = Agenda()
        self._client_count = UNDER_WAY.labels("client")
        self._server_count = UNDER_WAY.labels("server")

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def client(self, key: str) -> ClientTransaction | None:
        """A client transaction."""
        return self._clients.get(key)

    def server(self, key: str) -> ServerTransaction | None:
        """A server transaction."""
        return self._servers.get(key)

    def invite_server(self, key: str) -> InviteServerTransaction | None:
        """A server transaction if it is an INVITE's."""
        server = self._servers.get(key)
        return server if isinstance(server, InviteServerTransaction) else None

    def clients_over(self, hop: Hop) -> list[ClientTransaction]:
        """The client transactions whose requests go over this hop."""
        return [client for client in self._clients.values() if client.hop.serves(hop)]

    def servers_over(self, connection: int) -> list[ServerTransaction]:
        """The server transactions whose responses go over this connection."""
        return [server for server in self._servers.values() if server.reply.hop.connection == connection]

    def full(self, host: str) -> str | None:
        """Which limit a new server transaction from this host would break: `all`, `source` or none."""
        if len(self._servers) >= self._limits.transactions:
            return "all"
        return "source" if self._sources[host] >= self._limits.per_source else None

    def add(self, transaction: Transaction) -> None:
        """Take a new one."""
        if isinstance(transaction, InviteClientTransaction | NonInviteClientTransaction):
            self._clients[transaction.key] = transaction
        else:
            self._servers[transaction.key] = transaction
            self._sources[transaction.reply.hop.host] += 1
        self.settle(transaction)

    def settle(self, transaction: Transaction) -> None:
        """After anything that may have started or stopped its timers, or ended it."""
        if transaction.over:
            self.remove(transaction.key)
        else:
            self._agenda.set(transaction.key, transaction.timers.next_ms())
            self._count()

    def remove(self, key: str) -> None:
        """Forget one; nothing happens if there is none."""
        self._clients.pop(key, None)
        if server := self._servers.pop(key, None):
            self._sources[server.reply.hop.host] -= 1
            if not self._sources[server.reply.hop.host]:
                del self._sources[server.reply.hop.host]
        self._agenda.set(key, None)
        self._count()

    def due(self, now_ms: int) -> Transaction | None:
        """One with a timer that is due; it must be settled after that was handled."""
        key = self._agenda.take(now_ms)
        return None if key is None else self._clients.get(key) or self._servers[key]

    def next_timer_ms(self) -> int | None:
        """When the first timer of all is due."""
        return self._agenda.next_ms()

    def _count(self) -> None:
        self._client_count.set(len(self._clients))
        self._server_count.set(len(self._servers))
