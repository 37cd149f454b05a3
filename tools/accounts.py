"""Customer accounts: a new password."""

from tools.connector import ShopConnector
from tools.declaration import Answer, Permit, Sought, Tool
from tools.orders import receipt
from tools.policy import AT_DESK, Case, Facts, ToolPolicy
from tools.tool import Effect


class Accounts:
    """The tools on a customer's account."""

    def __init__(self, shop: ShopConnector) -> None:
        self._shop = shop

    def tools(self) -> list[Tool]:
        """The declaration."""
        policy = ToolPolicy(Effect.WRITE, desk=AT_DESK)
        return [Tool(self.reset_password, policy, self._facts, _preview)]

    async def _facts(self, sought: Sought) -> Facts:
        return Facts(done=await self._shop.deed(sought.key))

    async def reset_password(self, permit: Permit) -> Answer:
        """Send a link for a new password to the e-mail address on file, and to no other."""
        identity = permit.case.context.identity
        assert identity is not None  # the gate lets nobody else in
        deed = permit.case.facts.done or await self._shop.reset_password(permit.key, identity.customer_id)
        done = {"reset_id": deed.receipt_id}
        return Answer(done, _preview(permit.case).pii, receipt("reset_password", deed, done))


def _preview(case: Case) -> Answer:
    """Where the mail goes, readable for its owner only."""
    identity = case.context.identity
    name, _, domain = (identity.pii.get("email", "") if identity else "").partition("@")
    return Answer(pii={"sent_to": f"{name[:1]}***@{domain}" if domain else "the address on file"})
