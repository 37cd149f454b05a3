import pytest

from tests import virtual_time
from tests.tools.contact import Contact, code, new_contact
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox
from tools.tool import Identity, Outcome, ToolCall

MAYA = Identity(
    "C0001",
    "order+zip",
    {"name": "Maya Lindqvist", "email": "maya.lindqvist@example.com", "zip": "60614"},
)


@pytest.mark.parametrize(
    ("said", "proof", "method"),
    [
        ("one zero four three seven, zip six oh six one four", {"order_id": "10437"}, "order+zip"),
        ("maya dot lindqvist at example dot com 60614", {"email": "maya.lindqvist@example.com"}, "email+zip"),
    ],
)
def test_an_order_number_or_an_email_with_the_zip_is_proof(
    said: str, proof: dict[str, str], method: str
) -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, _):
            contact.say(said)
            result = await contact.call("verify_identity", zip_code="60614", **proof)
            assert result.identity == Identity("C0001", method, MAYA.pii)
            assert result.data == {"verified": True, "method": method}
            assert result.pii["first_name"] == "Maya"

    virtual_time.run(scenario())


def test_proof_must_come_from_the_customers_own_words() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, _):
            contact.say("it's about order 10437")
            contact.results.append({"zip": "60614"})
            result = await contact.call("verify_identity", order_id="10437", zip_code="60614")
            assert (code(result), result.identity) == ("invented_argument", None)
            assert result.refusal is not None and result.refusal.argument == "zip_code"

    virtual_time.run(scenario())


def test_a_zip_alone_is_no_proof() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, _):
            contact.say("60614")
            assert code(await contact.call("verify_identity", zip_code="60614")) == "bad_arguments"

    virtual_time.run(scenario())


def test_three_failed_tries_lock_the_session_and_offer_a_person() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, shop):
            contact.say("order 10437, zip 60611 or 60612 or 60613 or 60614")
            tries = [
                await contact.call("verify_identity", order_id="10437", zip_code=f"6061{digit}")
                for digit in (1, 2, 3, 4)
            ]
            assert [code(each) for each in tries] == [
                "verification_failed",
                "verification_failed",
                "verification_locked",
                "verification_locked",
            ]
            assert [each.data.get("tries_left") for each in tries[:3]] == [2, 1, 0]
            assert tries[3].identity is None, "the right answer comes too late"
            assert tries[2].refusal is not None and tries[2].refusal.offer_person
            other = Contact(contact.toolbox, "s_2")
            other.said = contact.said
            fresh = await other.call("verify_identity", order_id="10437", zip_code="60614")
            assert fresh.outcome is Outcome.DONE, "another session has its own tries"

    virtual_time.run(scenario())


def test_neither_a_restart_nor_calls_at_once_give_more_tries() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, shop):
            contact.say("order 10437, zip 60611 60612 60613 60615 60614")
            wishes = [
                ToolCall(f"t{n}", "verify_identity", {"order_id": "10437", "zip_code": f"6061{n}"})
                for n in (1, 2, 3, 5, 4)
            ]
            reborn = shop_toolbox(shop.connector, PolicyLimits())
            await contact.toolbox.call(wishes[0], contact.context())
            results = await reborn.call_all(wishes[1:], contact.context())
            assert all(result.identity is None for result in results)

    virtual_time.run(scenario())


def test_the_same_wrong_try_of_one_turn_counts_once() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, shop):
            contact.say("order 10437, zip 60611")
            for _ in range(3):
                result = await contact.call("verify_identity", order_id="10437", zip_code="60611")
            assert result.data["tries_left"] == 2
            assert await shop.connector.failed_tries("s_1") == 1

    virtual_time.run(scenario())


def test_stricter_limits_than_the_services_hold() -> None:
    async def scenario() -> None:
        async with new_contact(PolicyLimits(verification_tries=1)) as (contact, _):
            contact.say("order 10437, zip 60611, no 60614")
            wrong = await contact.call("verify_identity", order_id="10437", zip_code="60611")
            right = await contact.call("verify_identity", order_id="10437", zip_code="60614")
            assert (code(wrong), code(right)) == ("verification_locked", "verification_locked")

    virtual_time.run(scenario())
