from gateway.queue.contacts import OfferEnded
from gateway.queue.records import Change, Measure, place_key


def test_a_change_without_records_or_news_is_none() -> None:
    assert not Change()
    assert not Change(measures=(Measure("offer", "general", 1.0),))
    assert Change({("seat", "a_ann"): None})
    assert Change(news=(OfferEnded("l", "a", "h", "missed", "timeout"),))


def test_an_agent_may_have_several_contacts_and_a_contact_several_agents() -> None:
    assert len({place_key("a_1", "h_1"), place_key("a_1", "h_2"), place_key("a_2", "h_1")}) == 3
