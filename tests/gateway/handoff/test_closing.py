from datetime import date

from gateway.desk.commands import FollowUp
from gateway.desk.conductor import Closing
from gateway.handoff.closing import DAY_S, follow_up

NOON = 1_795_003_200.0
"2026-11-18, 12:00 UTC."


def left(due: date | None) -> Closing:
    return Closing("resolved", "", FollowUp(task="Call the courier", due=due))


def test_a_contact_that_is_done_leaves_nothing() -> None:
    assert follow_up(Closing("resolved", "Fine.", None), "s_1", "general", "a_1", NOON) is None


def test_a_task_is_due_on_its_day_at_this_time() -> None:
    kept = follow_up(left(date(2026, 11, 20)), "s_1", "general", "a_1", NOON)
    assert kept is not None
    assert (kept.kind, kept.words, kept.queue) == ("task", "Call the courier", "general")
    assert (kept.created_by, kept.session_id, kept.created_at) == ("a_1", "s_1", NOON)
    assert kept.due_at == NOON + 2 * DAY_S
    assert kept.follow_up_id.startswith("f_")


def test_what_is_due_on_no_day_or_in_the_past_is_due_now() -> None:
    for due in (None, date(2026, 1, 1)):
        kept = follow_up(left(due), "s_1", "general", "a_1", NOON)
        assert kept is not None and kept.due_at == NOON
