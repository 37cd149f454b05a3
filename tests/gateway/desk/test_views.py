from gateway.desk import views
from gateway.queue.contacts import InLine, OnDuty, Presence, Wanted
from gateway.queue.replies import Canned, Disposition
from gateway.queue.settings import Queues, QueueSettings
from tests.gateway.desk.desk_world import account, contact

QUEUES = Queues(
    named=(
        QueueSettings(name="general", title="Everything"),
        QueueSettings(
            name="billing",
            dispositions=(Disposition(code="refunded", title="Refunded"),),
            canned=(Canned(key="iban", title="IBAN", text="Please tell me your IBAN."),),
        ),
    ),
    dispositions=(Disposition(code="resolved", title="Resolved"),),
    canned=(Canned(key="hello", title="Hello", text="Hello!"),),
)


def in_line(handoff_id: str, queue: str) -> InLine:
    wanted = Wanted(handoff_id, "s_1", queue, "chat", frozenset(), "en", 3, 5.0, reason="customer_asked")
    return InLine(wanted, 1, None)


def test_an_agent_sees_who_waits_in_their_own_queues_and_a_supervisor_everybody() -> None:
    line = [in_line("h_1", "general"), in_line("h_2", "billing")]
    assert [w.handoff_id for w in views.waiting(line, account()).waiting] == ["h_1"]
    seen = views.waiting(line, account("vera", "supervisor")).waiting
    assert [(w.handoff_id, w.reason, w.since, w.priority) for w in seen] == [
        ("h_1", "customer_asked", 5.0, 3),
        ("h_2", "customer_asked", 5.0, 3),
    ]


def test_a_long_line_is_shown_in_part() -> None:
    line = [in_line(f"h_{number}", "general") for number in range(views.MOST_WAITING + 9)]
    assert len(views.waiting(line, account()).waiting) == views.MOST_WAITING


def test_colleagues_with_what_they_have_to_do() -> None:
    present = Presence("a_tom", "Tom", "available", frozenset({"b", "a"}), {}, frozenset({"en"}), {"chat": 3})
    (tom,) = views.presence([OnDuty(present, {"h_1": "chat", "h_2": "chat"}, None, 0.0)]).agents
    assert (tom.name, tom.queues, tom.contacts, tom.capacity) == ("Tom", ("a", "b"), {"chat": 2}, {"chat": 3})


def test_what_can_be_chosen_is_that_of_ones_queues() -> None:
    def codes(*names: str, role: str = "agent") -> tuple[list[str], list[str]]:
        who = account(queues=frozenset(names), role=role)  # type: ignore[arg-type]
        return (
            [each.code for each in views.dispositions(QUEUES, who)],
            [each.key for each in views.canned(QUEUES, who)],
        )

    assert codes("general") == (["resolved"], ["hello"])
    assert codes("billing") == (["refunded"], ["hello", "iban"])
    assert sorted(codes("general", "billing")[0]) == ["refunded", "resolved"]
    assert codes() == (["resolved"], ["hello"])
    assert sorted(codes(role="supervisor")[0]) == ["refunded", "resolved"]
    assert [(q.queue, q.title) for q in views.queue_infos(QUEUES)] == [
        ("general", "Everything"),
        ("billing", "billing"),
    ]


def test_sessions_have_no_names_for_those_who_may_not_see_them() -> None:
    (shown,) = views.sessions([contact()], account("ada", "admin")).live
    assert shown.customer is None
    (shown,) = views.sessions([contact()], account("vera", "supervisor")).live
    assert shown.customer == "Ms. Ott"
