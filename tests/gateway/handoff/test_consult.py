"""One consult, decided: every transition, what fits nowhere, and that nothing lasts for ever."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handoff.consult import (
    TRANSITIONS,
    Accepted,
    Actions,
    Consult,
    ConsultLimits,
    Declined,
    Do,
    HandedOver,
    HandOver,
    Happening,
    Left,
    Lost,
    NotHandedOver,
    Parted,
    Stage,
    WentBack,
)

YES = Accepted(held=False)
ENDS = [Do.LEAVE, Do.UNHOLD]
EVERYTHING: list[Happening] = [
    YES,
    Accepted(held=True),
    Declined(),
    WentBack(),
    Left(),
    Lost(),
    Parted(),
    Parted(customer_left=True),
    HandOver(),
    HandedOver(),
    NotHandedOver(),
]


def after(*happened: Happening) -> Consult:
    consult = Consult("c_1", 0)
    for each in happened:
        assert consult.take(each, 1_000) is not None
    return consult


def test_it_rings_until_somebody_answers() -> None:
    consult = Consult("c_1", 5_000)
    assert (consult.stage, consult.due_ms, consult.over) == (Stage.ASKED, 25_000, False)
    assert consult.overdue(24_999) == [] and not consult.over
    assert consult.overdue(25_000) == []
    assert (consult.over, consult.why, consult.due_ms) == (True, "missed", None)


def test_at_the_yes_the_customer_is_put_on_hold_before_the_colleague_joins() -> None:
    consult = Consult("c_1", 0)
    assert consult.take(YES, 1_000) == [Do.HOLD, Do.JOIN]
    assert consult.talking and consult.due_ms == 1_000 + ConsultLimits().talking_ms


def test_who_is_on_hold_already_stays_so_and_when_the_colleague_leaves_too() -> None:
    consult = Consult("c_1", 0)
    assert consult.take(Accepted(held=True), 1_000) == [Do.JOIN]
    assert consult.take(Left(), 2_000) == [Do.LEAVE]


def test_who_goes_back_takes_the_customer_off_hold_whoever_put_them_there() -> None:
    assert after(Accepted(held=True)).take(WentBack(), 2_000) == ENDS


@pytest.mark.parametrize(
    ("before", "happened", "actions", "why"),
    [
        ((), Declined(), [], "declined"),
        ((), Left(), [], "declined"),
        ((), WentBack(), [], "withdrawn"),
        ((), Lost(), [], "lost"),
        ((), Parted(), [], "parted"),
        ((), Parted(customer_left=True), [], "customer_left"),
        ((YES,), WentBack(), ENDS, "back"),
        ((YES,), Left(), ENDS, "left"),
        ((YES,), Lost(), ENDS, "lost"),
        ((YES,), Parted(), [Do.LEAVE], "parted"),
        ((YES,), Parted(customer_left=True), [Do.LEAVE], "customer_left"),
        ((YES, HandOver()), Lost(), ENDS, "lost"),
        ((YES, HandOver()), HandedOver(), [Do.LEAVE], "handed_over"),
        ((YES, HandOver(), Parted()), HandedOver(), [Do.LEAVE], "handed_over"),
        ((YES, HandOver(), Parted()), NotHandedOver(), [Do.LEAVE], "failed"),
        ((YES, HandOver(), Parted()), Lost(), [Do.LEAVE], "lost"),
    ],
)
def test_every_end_has_a_reason_and_leaves_nobody_behind(
    before: tuple[Happening, ...], happened: Happening, actions: Actions, why: str
) -> None:
    consult = after(*before)
    assert consult.take(happened, 2_000) == actions
    assert (consult.stage, consult.why, consult.due_ms) == (Stage.OVER, why, None)


def test_who_is_handed_the_customer_leaves_the_room_to_come_in_as_their_agent() -> None:
    consult = after(YES)
    assert consult.take(HandOver(), 2_000) == [Do.HAND_OVER]
    assert consult.stage is Stage.HANDING_OVER and consult.due_ms == 12_000
    assert consult.take(Parted(), 2_500) == [Do.LEAVE]
    assert not consult.over


def test_a_handing_over_that_was_not_possible_lets_them_talk_on() -> None:
    consult = after(YES, HandOver())
    assert consult.take(NotHandedOver(), 3_000) == []
    assert consult.stage is Stage.TALKING


@pytest.mark.parametrize(
    ("before", "due_ms", "why", "actions"),
    [((YES,), 1_801_000, "too_long", ENDS), ((YES, HandOver()), 11_000, "failed", ENDS)],
)
def test_no_talk_lasts_for_ever(
    before: tuple[Happening, ...], due_ms: int, why: str, actions: Actions
) -> None:
    consult = after(*before)
    assert consult.overdue(due_ms - 1) == []
    assert consult.overdue(due_ms) == actions
    assert consult.why == why


def test_what_does_not_fit_changes_nothing() -> None:
    kinds = get_args(Happening)
    for stage, kind in product(Stage, kinds):
        if (stage, kind) in TRANSITIONS:
            continue
        consult = Consult("c_1", 0)
        consult.stage = stage
        happened = next(each for each in EVERYTHING if type(each) is kind)
        assert consult.take(happened, 1) is None
        assert consult.stage is stage


@given(st.lists(st.sampled_from([*EVERYTHING, None]), max_size=12))
def test_whatever_happens_the_music_that_it_began_ends_and_who_joined_leaves(
    course: list[Happening | None],
) -> None:
    consult, now_ms = Consult("c_1", 0), 0
    held = joined = connected = False
    connected = True
    for happened in [*course, None, None, None]:
        now_ms += 1_000
        if happened is None:
            now_ms = max(now_ms, consult.due_ms or 0)
            actions = consult.overdue(now_ms)
        else:
            actions = consult.take(happened, now_ms) or []
            connected = connected and not isinstance(happened, Parted | HandedOver)
        for action in actions:
            held = action is Do.HOLD or (held and action is not Do.UNHOLD)
            joined = action is Do.JOIN or (joined and action is not Do.LEAVE)
    assert consult.over and consult.why is not None
    assert not joined
    assert not (held and connected), "where agent and customer are parted, the music ends with the floor"
