"""Two gateways on one real Redis and one real PostgreSQL: customers at one node, agents at the other.

That each of a thousand offers to a hundred agents of two nodes is taken once is shown in
tests/contracts/queue.py, on a real Redis too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx
import pytest

from gateway import config
from gateway.accounts.account import Account
from gateway.accounts.permissions import DeskRole
from gateway.cli.agents import open_accounts
from gateway.config import Config
from gateway.handoff.phrases import HandoffPhrases
from tests.chat_client import ChatClient, Message, chat_client
from tests.desk_client import DeskClient, desk_client
from tests.end_to_end.gateway_process import GatewayProcess, running
from tests.gateway.queue.restarting_redis import RestartingRedis, restarting_redis

pytestmark = [pytest.mark.redis, pytest.mark.postgres, pytest.mark.timeout(180)]

PASSWORD = "staple tram nineteen"
SAYS = HandoffPhrases()
NOTICED_S = 15.0
"A node that dies is noticed by then: 8 s until the queue knows, 4 s whether its agents come back elsewhere."


@dataclass(frozen=True, slots=True)
class Center:
    """A contact center of two nodes."""

    desks: GatewayProcess
    "Where Alex is signed in."
    chats: GatewayProcess
    "Where the customers are."


@contextmanager
def center(store: str, redis: str) -> Iterator[Center]:
    settings = {"WARMLINE_HTTP__PORT": "0", "WARMLINE_STORE__URL": store, "WARMLINE_REDIS__URL": redis}
    asyncio.run(_hire(config.load(None, settings)))
    node = ("tests.end_to_end.node_process",)
    with ExitStack() as stack, ThreadPoolExecutor(2) as starting:
        nodes = starting.map(lambda _: stack.enter_context(running(settings, node)), range(2))
        yield Center(*nodes)


async def _hire(settings: Config) -> None:
    roles: dict[str, DeskRole] = {"alex": "agent", "kim": "agent", "sam": "supervisor"}
    async with open_accounts(settings) as accounts:
        for name, role in roles.items():
            account = Account("", name, name.title(), role, queues=frozenset({"general"}))
            await accounts.add(account, PASSWORD)


@asynccontextmanager
async def at_work(node: GatewayProcess, name: str) -> AsyncIterator[DeskClient]:
    """Somebody who takes chats at this node."""
    async with desk_client(node.url, name, PASSWORD) as desk:
        await desk.done("presence", state="available", voice=False)
        yield desk


@asynccontextmanager
async def customer(node: GatewayProcess) -> AsyncIterator[ChatClient]:
    async with chat_client(node.url) as client:
        await client.hello()
        yield client


async def wishes(client: ChatClient, number: int = 1) -> None:
    """Says something, and then asks for a person."""
    await client.say(f"w{number}", f"Hello for the {number}. time")
    await client.until("reply.done")
    await client.say(f"p{number}", "I want a person, please")
    await client.until("handoff.changed", state="offered")


async def takes(desk: DeskClient, client: ChatClient, since: int = 0) -> str:
    """Accepts what rings, reads, connects; the session."""
    offer = await desk.until("offer", since, session=client.session)
    assert (await desk.do("message", session=client.session, text="Hi"))["code"] == "not_yours"
    await desk.done("accept", lease=offer["lease"])
    await desk.until("contact", since, handoff_id=offer["handoff_id"], state="briefing", mine=True)
    await desk.done("watch", session=client.session, after=0)
    await desk.event(client.session, "turn.customer", "I want a person, please")
    await desk.done("connect", session=client.session)
    await client.until("handoff.changed", state="human_active")
    return str(offer["handoff_id"])


async def talk(desk: DeskClient, client: ChatClient, word: str) -> None:
    """Each writes something, and the other reads it."""
    await client.send(type="typing", on=True)
    await desk.until("typing", session=client.session, on=True)
    await client.send(type="typing", on=False)
    await client.say(f"c{word}", f"{word}, says the customer")
    await desk.event(client.session, "turn.customer", f"{word}, says the customer")
    await desk.done("message", session=client.session, text=f"{word}, says the agent")
    turn = await client.until("turn.human")
    assert turn["pii"]["text"] == f"{word}, says the agent"


async def look_on(node: GatewayProcess, client: ChatClient) -> None:
    """The supervisor finds the customer among all sessions, reads along, and leaves a note."""
    async with desk_client(node.url, "sam", PASSWORD) as sam:
        await sam.next(
            lambda m: m["type"] == "sessions" and client.session in [each["session"] for each in m["live"]]
        )
        await sam.done("supervise", session=client.session, mode="monitor")
        await sam.done("watch", session=client.session, after=0)
        await sam.event(client.session, "turn.human", "First, says the agent")
        await sam.done("note", session=client.session, text="Well said.")
        await sam.event(client.session, "note.added", "Well said.")
        await sam.done("supervise", session=client.session, mode="off")


async def reads(client: ChatClient, text: str) -> Message:
    """What the bot writes."""
    return await client.next(lambda m: m["type"] == "reply.done" and m["pii"]["text"] == text)


async def healthy(node: GatewayProcess, state: str) -> Message:
    """The answer of /readyz once the queue is in this state."""
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(10):
        while True:
            answer = await http.get(f"{node.url}/readyz")
            if answer.json()["parts"]["queue"]["state"] == state:
                assert answer.status_code == 200, "the bot goes on without"
                return answer.json()  # type: ignore[no-any-return]
            await asyncio.sleep(0.1)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(120):
            await main()

    asyncio.run(bounded())


def test_an_agent_at_one_node_has_a_chat_of_the_other_and_gives_it_back(
    postgres_url: str, redis_url: str
) -> None:
    async def main() -> None:
        await healthy(nodes.desks, "up")
        async with at_work(nodes.desks, "alex") as alex, customer(nodes.chats) as client:
            await wishes(client)
            offer = await alex.until("offer", session=client.session)
            briefing = offer["briefing"]
            assert briefing["why"]["reason"] == "customer_asked" and len(briefing["summary"]) == 3
            first = await takes(alex, client)
            await talk(alex, client, "First")
            await alex.done("note", session=client.session, text="Friendly.")
            await alex.event(client.session, "note.added", "Friendly.")
            await look_on(nodes.desks, client)
            await alex.event(client.session, "note.added", "Well said.")
            await alex.done("hand_back", session=client.session, note="All is agreed.")
            await alex.until("contact", handoff_id=first, state="ai_active", outcome="handed_back")
            await reads(client, SAYS.back)
            await client.say("b1", "Are you the bot?")
            await reads(client, "You said: Are you the bot?")

            since = len(alex.received)
            await wishes(client, 2)
            second = await takes(alex, client, since)
            await talk(alex, client, "Second")
            await alex.done("end", session=client.session)
            await alex.until("contact", handoff_id=second, state="wrap_up")
            closing = {"disposition": "resolved", "notes": "Postage refunded."}
            await alex.done("wrap_up", session=client.session, **closing)
            await alex.until("contact", handoff_id=second, state="closed", outcome="talked")
            assert (await alex.do("message", session=client.session, text="Hi"))["code"] == "not_yours"
            assert alex.ringing == set()

            private = [m for m in client.received if m["type"] in ("note.added", "suggestion")]
            seqs = [event["seq"] for event in client.events()]
            assert private == [] and seqs == sorted(set(seqs))

    with center(postgres_url, redis_url) as nodes:
        run(main)


def test_a_customer_whose_agents_node_is_killed_has_the_bot_again_and_then_somebody_else(
    postgres_url: str, redis_url: str
) -> None:
    async def main() -> None:
        async with (
            at_work(nodes.desks, "alex") as alex,
            customer(nodes.chats) as client,
        ):
            await wishes(client)
            await takes(alex, client)
            await talk(alex, client, "First")
            async with at_work(nodes.chats, "kim") as kim:
                nodes.desks.kill()
                killed = time.monotonic()
                await client.say("k1", "Are you still there?")
                await reads(client, SAYS.lost_agent)
                assert time.monotonic() - killed < NOTICED_S
                await takes(kim, client)
                await talk(kim, client, "Second")
                assert kim.ringing == set()

    with center(postgres_url, redis_url) as nodes:
        run(main)


def test_a_customer_whose_own_node_is_killed_goes_on_at_the_other_with_the_same_agent(
    postgres_url: str, redis_url: str
) -> None:
    async def main() -> None:
        async with at_work(nodes.desks, "alex") as alex:
            async with customer(nodes.chats) as client:
                await wishes(client)
                lost = await takes(alex, client)
                await talk(alex, client, "First")
                nodes.chats.kill()
                since = len(alex.received)
            async with chat_client(nodes.desks.url) as again:
                last_seq = client.events()[-1]["seq"]
                welcome = await again.hello(session=client.session, token=client.token, last_seq=last_seq)
                assert welcome["resumed"]
                await again.say("a1", "Hello? Is anybody there?")
                await alex.until("contact", since, handoff_id=lost, state="closed")
                offer = await alex.until("offer", since, session=client.session)
                await alex.done("accept", lease=offer["lease"])
                await alex.done("connect", session=client.session)
                await again.until("handoff.changed", state="human_active")
                await alex.done("message", session=client.session, text="Here I am.")
                assert (await again.until("turn.human"))["pii"]["text"] == "Here I am."

    with center(postgres_url, redis_url) as nodes:
        run(main)


def test_when_redis_restarts_empty_while_it_rings_the_customer_is_offered_again(postgres_url: str) -> None:
    async def main(redis: RestartingRedis) -> None:
        async with at_work(nodes.desks, "alex") as alex, customer(nodes.chats) as client:
            await wishes(client)
            lost = await alex.until("offer", session=client.session)
            redis.kill()
            await client.say("r1", "Are you there?")
            await reads(client, "You said: Are you there?")
            assert "queue" in (await healthy(nodes.chats, "down"))["missing"]
            refused = await alex.do("accept", lease=lost["lease"])
            assert (refused["code"], refused["retry"]) == ("unavailable", True)
            redis.start()
            await alex.until("offer.ended", lease=lost["lease"], why="withdrawn")
            offer = await alex.next(lambda m: m["type"] == "offer" and m["lease"] != lost["lease"])
            assert (offer["session"], offer["handoff_id"]) == (client.session, lost["handoff_id"])
            assert alex.ringing == {offer["lease"]}, "no phantom"
            assert (await alex.do("accept", lease=lost["lease"]))["code"] == "too_late"
            await alex.done("accept", lease=offer["lease"])
            await alex.done("watch", session=client.session, after=0)
            await alex.done("connect", session=client.session)
            await client.until("handoff.changed", state="human_active")
            await talk(alex, client, "First")
            assert alex.ringing == set()
            await healthy(nodes.chats, "up")

    with restarting_redis(keeps=False) as redis, center(postgres_url, redis.url) as nodes:
        run(lambda: main(redis))


def test_files_go_both_ways_and_every_node_takes_and_gives_them(postgres_url: str, redis_url: str) -> None:
    label, photo = b"%PDF-1.7 return label", b"\x89PNG\r\n\x1a\n" + bytes(600_000)

    async def main() -> None:
        await healthy(both.desks, "up")
        async with (
            at_work(both.desks, "alex") as desk,
            customer(both.chats) as client,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            query, token = f"session={client.session}", {"authorization": f"Bearer {client.token}"}
            elsewhere, home = f"{both.desks.url}/api/files", f"{both.chats.url}/api/files"
            early = await http.post(f"{elsewhere}?{query}", content=photo, headers=token)
            assert early.json()["error"]["code"] == "nobody_there"
            await wishes(client)
            await takes(desk, client)
            sent = await http.post(f"{elsewhere}?{query}", content=photo, headers=token)
            assert sent.status_code == 201, sent.text
            shared = await desk.event(client.session, "file.shared")
            assert (shared["by"], shared["file_id"]) == ("customer", sent.json()["file_id"])
            wish = {"name": "alex", "password": PASSWORD}
            assert (await http.post(f"{both.desks.url}/api/desk/sign-in", json=wish)).status_code == 200
            at_desk = f"{both.desks.url}/api/desk/files"
            got = await http.get(f"{at_desk}/{shared['file_id']}?{query}")
            assert (got.status_code, got.content) == (200, photo)
            sent = await http.post(f"{at_desk}?{query}", content=label)
            assert sent.status_code == 201, sent.text
            told = await client.until("file.shared", by="agent")
            assert (told["agent"], told["media_type"]) == ("Alex", "application/pdf")
            for node in (elsewhere, home):
                got = await http.get(f"{node}/{told['file_id']}?{query}", headers=token)
                assert (got.status_code, got.content) == (200, label)

    with center(postgres_url, redis_url) as both:
        run(main)
