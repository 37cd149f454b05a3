from tests import virtual_time
from tests.tools.contact import code, maya, new_contact


def test_a_reset_mails_to_the_address_on_file_and_tells_it_hidden() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            offered = await contact.call("reset_password")
            assert (code(offered), offered.pii) == ("not_confirmed", {"sent_to": "m***@example.com"})
            done = await contact.confirmed("reset_password")
            assert done.data == {"reset_id": "P-30001"}
            assert done.receipt is not None and done.receipt.facts == {"reset_id": "P-30001"}
            again = await contact.confirmed("reset_password")
            assert again.receipt == done.receipt
            mails = shop.database.execute("SELECT recipient FROM outbox").fetchall()
            assert [mail["recipient"] for mail in mails] == ["maya.lindqvist@example.com"]

    virtual_time.run(scenario())


def test_no_mail_goes_anywhere_else() -> None:
    async def scenario() -> None:
        async with maya() as (contact, shop):
            contact.say("send it to thief@example.org")
            await contact.confirmed("reset_password", email="thief@example.org", to="thief@example.org")
            mails = shop.database.execute("SELECT recipient FROM outbox").fetchall()
            assert [mail["recipient"] for mail in mails] == ["maya.lindqvist@example.com"]

    virtual_time.run(scenario())


def test_strangers_reset_nothing() -> None:
    async def scenario() -> None:
        async with new_contact() as (contact, shop):
            assert code(await contact.confirmed("reset_password")) == "not_verified"
            assert shop.database.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0

    virtual_time.run(scenario())
