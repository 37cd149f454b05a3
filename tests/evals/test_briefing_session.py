from collections.abc import Sequence
from functools import cache

import pytest

from evals.briefing_session import (
    Expected,
    Script,
    Session,
    Step,
    invented,
    judge,
    load_scripts,
    triggered,
)
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Deed, Known, Packet, Promise, Who, Why
from pipelines.facts import Fact
from tests import virtual_time
from tests.pipelines.agent.stage import agent_on_stage
from tests.pipelines.told import customer, finished, reply

SCRIPTS = load_scripts()


@cache
def played() -> Sequence[tuple[Script, Briefing, Sequence[Fact]]]:
    """Every session with the real agent and shop, and its briefing."""

    async def main() -> list[tuple[Script, Briefing, Sequence[Fact]]]:
        came: list[tuple[Script, Briefing, Sequence[Fact]]] = []
        for script in SCRIPTS:
            async with agent_on_stage() as agent:
                session = Session(agent, script.channel, script.name)
                await session.play(script.steps)
                came.append((script, session.briefing(), session.facts))
        return came

    return virtual_time.run(main())


def test_there_are_twenty_sessions() -> None:
    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS) == 20


def test_of_what_was_written_down_by_hand_at_least_95_percent_are_right() -> None:
    judged = [
        (f"{script.name}: {name}", held)
        for script, told, _ in played()
        for name, held in judge(script.expect, told)
    ]
    wrong = [name for name, held in judged if not held]
    assert len(judged) > 300
    assert len(wrong) <= 0.05 * len(judged), wrong


def test_nothing_is_invented_in_any_of_them_for_any_role() -> None:
    for script, told, facts in played():
        assert invented(told, facts) == [], script.name
        for role in ("agent", "supervisor", "admin", "phone"):
            shown = told.for_role(role)
            assert "60614" not in shown.model_dump_json(), script.name


def test_a_session_that_moves_to_another_node_has_the_same_briefing() -> None:
    sessions = played()

    async def main() -> None:
        async with agent_on_stage() as agent:
            for _, told, facts in sessions:
                assert BriefingFold(agent.advisor.glossary).apply_all(facts).briefing() == told

    virtual_time.run(main())


FACTS = [
    customer("c1", "my order is 10437"),
    reply("c1", "It will arrive tomorrow."),
    finished("c1.1", "look", total=5.0),
]


def claimed(key: str, value: str | float) -> Known:
    return Known(key=key, value=value, source_turn="c1", confirmed=True, source="tool")


TODAY = Promise(text="It will arrive today.", source_turn="r1", by="bot")


@pytest.mark.parametrize(
    ("packet", "fault"),
    [
        (Packet(facts=(claimed("order_id", "10438"),)), "order_id 10438"),
        (Packet(facts=(claimed("total", 6.0),)), "total 6.0"),
        (Packet(done=(Deed(tool="t", receipt="R-1", result={}, text="", source_turn="c1"),)), "receipt R-1"),
        (Packet(promised=(TODAY,)), "quote 'It will arrive today.'"),
        (Packet(why=Why(words="my tent")), "quote 'my tent'"),
        (Packet(who=Who(name="Maya")), "who Maya"),
    ],
)
def test_what_was_invented_is_found(packet: Packet, fault: str) -> None:
    parts = {name: getattr(packet, name) for name in Packet.model_fields if name != "next_best_action"}
    assert fault in invented(Briefing.of(None, None, **parts), FACTS)


def test_every_field_that_is_expected_counts_by_itself() -> None:
    expected = Expected.model_validate(
        {
            "who": {"verified": False, "name": "Maya"},
            "facts": [{"key": "order_id", "value": "10437", "confirmed": True}],
            "only": ["done"],
            "promised": ["tomorrow"],
            "open_question": "",
        }
    )
    told = Briefing.of(None, None, promised=(Promise(text="tomorrow", source_turn="r", by="bot"),))
    assert [held for _, held in judge(expected, told)] == [True, False, False, False, False, True, True, True]


def test_a_session_says_whether_a_person_was_asked_for() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            session = Session(agent, "chat")
            await session.play([Step(customer="hello")])
            assert not triggered(session.facts)
            await session.play([Step(customer="get me a human")])
            assert triggered(session.facts)

    virtual_time.run(main())
