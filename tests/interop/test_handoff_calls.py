"""Calls that go on to a person: what each side hears, written down by another Whisper. Everything is real.

Nobody hears a word that is not for them: the agent none of the customer's before they have taken the call and
none of the bot's, the customer none of the whisper.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import httpx
import pytest

from tests.interop.baresip import baresip
from tests.interop.desk_agent import at_desk
from tests.interop.handoff_office import ANSWER_S, Office, Words, office, opened, words
from tests.interop.sounds import Sound
from tests.interop.speech import Hear, Speak, speak, transcribe
from tests.interop.talkers import Talker, in_browser, on_telephone, spoken_to

__all__ = ["office", "speak", "transcribe", "words"]
pytestmark = [pytest.mark.interop, pytest.mark.models, pytest.mark.timeout(300)]


@asynccontextmanager
async def calling(office: Office, by: Literal["telephone", "browser"]) -> AsyncIterator[Talker]:
    """A customer's call, once they were greeted."""
    async with httpx.AsyncClient(base_url=office.gateway.url, trust_env=False, timeout=30) as client:
        line = on_telephone(office.gateway.uri()) if by == "telephone" else in_browser(client, "/api/offer")
        async with line as customer:
            await spoken_to(customer, 0, ANSWER_S)
            yield customer


def test_a_telephone_talks_to_an_agent_at_the_desk(office: Office, words: Words, transcribe: Hear) -> None:
    async def main() -> tuple[Sound, Sound]:
        async with (
            at_desk(office.gateway.url, "alex", office.password) as alex,
            on_telephone(office.gateway.uri()) as alice,
        ):
            await spoken_to(alice, 0, ANSWER_S)
            await alice.say(words.wish)
            offer = await alex.desk.until("offer")
            assert offer["channel"] == "voice" and offer["briefing"]["summary"]
            await alice.say(words.secret)
            session = offer["session"]
            await alex.desk.done("accept", lease=offer["lease"])
            await asyncio.sleep(words.secret.seconds + 1)
            assert not alex.voice.heard().is_loud(), "who reads hears nothing"

            await alex.desk.done("connect", session=session)
            await alex.desk.until("contact", session=session, state="human_active")
            await tells(alice, words.question, alex.voice)
            await tells(alex.voice, words.answer, alice)
            await alex.desk.done("end", session=session)
            await alice.until("CALL_CLOSED")
            await alex.desk.done("wrap_up", session=session, disposition="resolved")
            return alice.heard(), alex.voice.heard()

    by_alice, by_alex = (transcribe(heard.without_pauses()) for heard in asyncio.run(main()))
    assert re.search("help.*tomorrow morning", by_alice, re.I | re.S), by_alice
    assert re.search("roof", by_alex, re.I), by_alex
    assert not re.search("potato|colleague|help|tomorrow", by_alex, re.I), "not a word of the bot's"


def test_an_agent_asks_a_colleague_while_the_telephone_hears_music_and_hands_over(
    office: Office, words: Words, speak: Speak, transcribe: Hear
) -> None:
    asked = speak("May I ask you about a broken canoe?")

    async def main() -> tuple[Sound, Sound, Sound]:
        url = office.gateway.url
        async with at_desk(url, "alex", office.password) as alex, on_telephone(office.gateway.uri()) as alice:
            await spoken_to(alice, 0, ANSWER_S)
            await alice.say(words.wish)
            offer = await alex.desk.until("offer")
            session = offer["session"]
            await alex.desk.done("accept", lease=offer["lease"])
            await alex.desk.until("contact", session=session, state="briefing")
            await alex.desk.done("connect", session=session)
            await alex.desk.until("contact", session=session, state="human_active")
            await tells(alice, words.question, alex.voice)
            async with at_desk(url, "sam", office.password_of_sam) as sam:
                colleague = (await sam.desk.until("welcome"))["agent"]["agent_id"]
                await alex.desk.done("consult", session=session, agent=colleague)
                consult = (await sam.desk.until("consult", state="asked", mine=False))["consult"]
                answer = {"session": session, "consult": consult, "answer": "accept"}
                await sam.desk.done("consult_answer", **answer)
                await alex.desk.until("consult", state="talking", mine=True)
                since = alice.heard().seconds
                await alice.say(words.secret)
                await tells(alex.voice, asked, sam.voice)
                await tells(sam.voice, words.yes, alex.voice)
                assert alice.heard().after(since).is_loud(), "music, so that nobody thinks they were cut off"

                await alex.desk.done("consult_end", session=session, how="hand_over")
                await sam.desk.until("contact", session=session, state="human_active")
                await tells(alice, words.question, sam.voice)
                await tells(sam.voice, words.answer, alice)
                await sam.desk.done("end", session=session)
                await alice.until("CALL_CLOSED")
                await sam.desk.done("wrap_up", session=session, disposition="resolved")
                return alice.heard(), alex.voice.heard(), sam.voice.heard()

    heard = asyncio.run(main())
    by_alice, by_alex, by_sam = (transcribe(each.without_pauses()) for each in heard)
    assert re.search("tomorrow morning", by_alice, re.I), by_alice
    assert not re.search("canoe|put them through", by_alice, re.I), "what they say among themselves"
    assert re.search("roof.*put them through", by_alex, re.I | re.S), by_alex
    assert re.search("canoe.*roof", by_sam, re.I | re.S), by_sam
    assert not re.search("potato", by_alex + by_sam, re.I), "a customer with music is not listened to"
    assert "tomorrow" not in by_alex, "who has handed over hears nothing more"


@pytest.mark.parametrize(("by", "reply"), [("telephone", "key"), ("browser", "words")])
def test_a_customer_talks_to_an_agent_on_the_telephone(
    by: Literal["telephone", "browser"], reply: str, office: Office, words: Words, transcribe: Hear
) -> None:
    async def main() -> tuple[Sound, Sound]:
        async with baresip(office.bob) as bob, calling(office, by) as customer:
            await customer.say(words.wish)
            await bob.until("CALL_INCOMING", ANSWER_S)
            await bob.answer()
            await bob.until("CALL_ESTABLISHED")
            await bob.say(words.hello)
            await customer.say(words.secret)
            await spoken_to(bob, 0, ANSWER_S, quiet_s=2.5)
            await _quiet(customer)
            since = customer.heard().seconds
            if reply == "key":
                await bob.press("1")
            else:
                await bob.say(words.yes)
            await spoken_to(customer, since, 20, quiet_s=0.7)

            await tells(customer, words.question, bob)
            await tells(bob, words.answer, customer)
            since = customer.heard().seconds
            await bob.hang_up()
            await spoken_to(customer, since, 20)
            await customer.hang_up()
            return customer.heard(), bob.heard()

    by_customer, by_agent = (transcribe(heard.without_pauses()) for heard in asyncio.run(main()))
    assert re.search("help.*colleague.*tomorrow morning.*me again", by_customer, re.I | re.S), by_customer
    assert not re.search("press|verified|bob|roof", by_customer, re.I), "no word of the whisper, no echo"
    assert re.search("not verified.*press.*roof", by_agent, re.I | re.S), by_agent
    assert not re.search("potato|colleague|tomorrow|me again", by_agent, re.I), "nothing else of either"


def test_a_telephone_is_sent_to_a_contact_center(
    words: Words, models_folder: Path, tmp_path: Path, transcribe: Hear
) -> None:
    async def main(office: Office) -> tuple[Sound, Sound]:
        center = replace(office.bob, answers="auto")
        async with baresip(center) as bob, on_telephone(office.gateway.uri()) as alice:
            await spoken_to(alice, 0, ANSWER_S)
            await alice.say(words.wish)
            await bob.until("CALL_ESTABLISHED", ANSWER_S)
            before = alice.heard(0)
            await tells(alice, words.question, bob)
            await tells(bob, words.answer, alice)
            context = re.search(r"Refer-To: <sip:200@[^>]*\?User-to-User=([0-9a-f]+)%3B", alice.log())
            assert context is not None and "person" in bytes.fromhex(context[1]).decode()
            calls = await asyncio.to_thread(office.gateway.ask, "GET", "")
            assert [call["state"] for call in calls] == ["ended"], "the call is none of ours any more"
            return before, alice.heard()

    with opened(tmp_path, models_folder, refer=True, whisper=False) as office:
        with_us, with_them = (transcribe(heard.without_pauses()) for heard in asyncio.run(main(office)))
    assert re.search("help.*colleague", with_us, re.I | re.S), with_us
    assert "tomorrow morning" in with_them, with_them


async def tells(one: Talker, words: Sound, other: Talker) -> None:
    """Somebody says this, until the other has heard it."""
    since = other.heard().seconds
    await one.say(words)
    await asyncio.sleep(words.seconds)
    await spoken_to(other, since, 20)


async def _quiet(customer: Talker) -> None:
    """Until the bot is silent."""
    async with asyncio.timeout(20):
        while customer.heard().after(customer.heard().seconds - 1.5).is_loud():  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.1)
