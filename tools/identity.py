"""Proof of identity: an order number or an e-mail address, together with the ZIP code on file."""

from typing import Annotated

from tools import refusals
from tools.arguments import Digits, EmailAddress
from tools.connector import ShopConnector
from tools.declaration import Answer, Permit, Sought, Tool
from tools.gate import verification_open
from tools.orders import OrderId
from tools.policy import AT_DESK, Access, Facts, Source, ToolPolicy
from tools.records import Verification
from tools.tool import Effect, Identity, ToolError

ZipCode = Annotated[str, Digits(5, tail=4), "The ZIP code the customer gave, five digits."]
Email = Annotated[str, EmailAddress(), "The e-mail address the customer gave."]


class IdentityCheck:
    """The tool that verifies who is talking.

    Failed tries are counted by the service, per session and in one transaction with the try, so that neither
    parallel calls nor a restart give anybody more of them.
    """

    def __init__(self, shop: ShopConnector) -> None:
        self._shop = shop

    def tools(self) -> list[Tool]:
        """The declaration."""
        policy = ToolPolicy(
            Effect.ATTEMPT,
            access=Access.ANYONE,
            sources={"order_id": Source.SAID, "email": Source.SAID, "zip_code": Source.SAID},
            rules=(verification_open,),
            desk=AT_DESK,
        )
        return [Tool(self.verify_identity, policy, self._facts)]

    async def _facts(self, sought: Sought) -> Facts:
        return Facts(failed_tries=await self._shop.failed_tries(sought.context.session_id))

    async def verify_identity(
        self, permit: Permit, zip_code: ZipCode, order_id: OrderId | None = None, email: Email | None = None
    ) -> Answer:
        """Verify who the customer is, by ZIP code and either an order number or an e-mail address."""
        if order_id is None and email is None:
            raise ToolError("order_id or email is missing.", retry=False, code="bad_arguments")
        proof = {"order_id": order_id} if order_id is not None else {"email": email or ""}
        context = permit.case.context
        tried = await self._shop.verify(permit.key, context.session_id, {"zip": zip_code, **proof})
        customer = tried.customer
        if not tried.verified or customer is None or tried.method is None:
            return _failed(tried, permit.case.limits.verification_tries)
        pii = {"name": customer.name, "email": customer.email, "zip": customer.zip}
        return Answer(
            {"verified": True, "method": tried.method},
            {**pii, "first_name": customer.name.split()[0]},
            identity=Identity(customer.customer_id, tried.method, pii),
        )


def _failed(tried: Verification, most: int) -> Answer:
    left = max(0, most - tried.failed)
    locked = tried.locked or left == 0
    refusal = refusals.VERIFICATION_LOCKED if locked else refusals.VERIFICATION_FAILED
    return Answer({"verified": False, "tries_left": 0 if locked else left}, refusal=refusal)
