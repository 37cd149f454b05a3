from tests import virtual_time
from tests.tools.contact import code, maya, new_contact


def test_a_ticket_is_opened_with_a_number_one_can_say() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            asked = {"subject": "Zipper", "message": "It broke.", "category": "product"}
            assert code(await contact.call("create_ticket", **asked)) == "not_confirmed"
            done = await contact.confirmed("create_ticket", **asked)
            assert done.data == {"ticket_id": "T-30001", "category": "product"}
            assert done.receipt is not None and done.receipt.facts == done.data
            row = shop.database.execute("SELECT * FROM tickets").fetchone()
            assert (row["receipt_id"], row["customer_id"], row["message"]) == (
                "T-30001",
                "C0001",
                "It broke.",
            )

    virtual_time.run(scenario())


def test_a_model_that_words_it_anew_opens_no_second_ticket() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            first = await contact.confirmed("create_ticket", subject="Zipper", message="It broke.")
            second = await contact.confirmed("create_ticket", subject="A zipper", message="The zipper broke.")
            assert first.receipt == second.receipt
            contact.say("another one please")
            third = await contact.confirmed("create_ticket", subject="Zipper", message="It broke.")
            assert third.receipt != first.receipt

    virtual_time.run(scenario())


def test_strangers_may_leave_one_with_an_address_they_gave() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, shop):
            contact.say("I am kim at example dot org")
            done = await contact.confirmed(
                "create_ticket", subject="Job", message="Are you hiring?", email="kim@example.org"
            )
            made_up = await contact.confirmed(
                "create_ticket", subject="Job", message="Hello", category="other", email="lee@example.org"
            )
            assert (code(done), code(made_up)) == ("done", "invented_argument")
            row = shop.database.execute("SELECT * FROM tickets").fetchone()
            assert (row["customer_id"], row["email"]) == (None, "kim@example.org")

    virtual_time.run(scenario())
