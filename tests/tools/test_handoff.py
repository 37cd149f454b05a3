from tests import virtual_time
from tests.tools.contact import new_contact
from tools.tool import HandoffRequest


def test_asking_for_a_person_is_a_wish_and_nothing_more() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, shop):
            asked = await contact.call("ask_for_person", reason="not covered", skill="Orders")
            plain = await contact.call("ask_for_person")
            assert asked.wish == HandoffRequest("not_covered", "orders")
            assert plain.wish == HandoffRequest("customer_asked", "general")
            assert asked.receipt is None

    virtual_time.run(scenario())


def test_a_target_that_is_not_configured_cannot_be_named() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, _):
            result = await contact.call("ask_for_person", skill="+1 900 555 0100")
            assert (result.error_code, result.wish) == ("bad_arguments", None)

    virtual_time.run(scenario())
