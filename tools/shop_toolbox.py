"""All tools of the shop's agent in one toolbox: what the gateway builds once and every session uses."""

import random
from collections.abc import Callable

from tools.accounts import Accounts
from tools.connector import ShopConnector
from tools.handoff import handoff_tools
from tools.identity import IdentityCheck
from tools.orders import Orders
from tools.policy import PolicyLimits
from tools.stores import Stores
from tools.tickets import Tickets
from tools.toolbox import RetryPolicy, Toolbox


def shop_toolbox(
    shop: ShopConnector,
    limits: PolicyLimits,
    retries: RetryPolicy | None = None,
    jitter: Callable[[], float] = random.random,
) -> Toolbox:
    """The toolbox over a connected shop. It keeps no state of any session; share one among all."""
    tools = [
        *IdentityCheck(shop).tools(),
        *Orders(shop).tools(),
        *Accounts(shop).tools(),
        *Stores(shop).tools(),
        *Tickets(shop).tools(),
        *handoff_tools(),
    ]
    return Toolbox(tools, limits, retries or RetryPolicy(), jitter)
