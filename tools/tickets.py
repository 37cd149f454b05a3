"""Tickets: what nobody can settle now and somebody will answer later."""

from typing import Annotated, Literal

from tools.arguments import Text
from tools.connector import ShopConnector
from tools.declaration import Answer, Permit, Sought, Tool
from tools.identity import Email
from tools.orders import receipt
from tools.policy import AT_DESK, Access, Facts, Source, ToolPolicy
from tools.tool import Effect

Category = Literal["order", "refund", "product", "account", "complaint", "other"]
Subject = Annotated[str, Text(120), "What it is about, in a few words."]
Message = Annotated[str, Text(2000), "What the customer wants, for the colleague who will answer."]


class Tickets:
    """The tool that opens tickets, for verified customers and strangers alike."""

    def __init__(self, shop: ShopConnector) -> None:
        self._shop = shop

    def tools(self) -> list[Tool]:
        """The declaration."""
        policy = ToolPolicy(Effect.WRITE, Access.ANYONE, sources={"email": Source.KNOWN}, desk=AT_DESK)
        # One ticket a turn and category: a model that phrases its text anew must not open a second one.
        return [Tool(self.create_ticket, policy, self._facts, identifying=("category",))]

    async def _facts(self, sought: Sought) -> Facts:
        return Facts(done=await self._shop.deed(sought.key))

    async def create_ticket(
        self,
        permit: Permit,
        subject: Subject,
        message: Message,
        category: Category = "other",
        email: Email | None = None,
    ) -> Answer:
        """Open a ticket for a colleague to answer by e-mail."""
        identity = permit.case.context.identity
        ticket = {
            "customer_id": identity.customer_id if identity else None,
            "email": email,
            "category": category,
            "subject": subject,
            "message": message,
        }
        deed = permit.case.facts.done or await self._shop.create_ticket(permit.key, ticket)
        done = {"ticket_id": deed.receipt_id, "category": category}
        return Answer(done, receipt=receipt("create_ticket", deed, done))
