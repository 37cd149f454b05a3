"""Who hears whom: the whole table, and what must never be heard."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gateway.matrix import Mode, Role, Seat, State, hears, plays_music

CUSTOMER, BOT, HUMAN, WAITING = (
    Seat(Role.CUSTOMER),
    Seat(Role.BOT, has_floor=True),
    Seat(Role.HUMAN, has_floor=True),
    Seat(Role.HUMAN),
)
MONITOR, WHISPER, BARGE, CONSULTED = (Seat(Role.SUPERVISOR, mode) for mode in Mode)
BRIDGED, HELD, WITH_BOT, NOBODY = (
    State(Role.HUMAN),
    State(Role.HUMAN, held=True),
    State(Role.BOT),
    State(None),
)
EVERYBODY = [CUSTOMER, HUMAN, WAITING, MONITOR, WHISPER, BARGE, CONSULTED]

seats = st.builds(Seat, st.sampled_from(Role), st.sampled_from(Mode), st.booleans(), st.booleans())
states = st.builds(State, st.none() | st.sampled_from(Role), st.booleans())


def heard_by(listener: Seat, state: State) -> list[Seat]:
    return [each for each in EVERYBODY if each is not listener and hears(listener, each, state)]


def test_a_bridged_human_and_the_customer_hear_each_other() -> None:
    assert heard_by(CUSTOMER, BRIDGED) == [HUMAN, BARGE]
    assert heard_by(HUMAN, BRIDGED) == [CUSTOMER, WHISPER, BARGE, CONSULTED]


def test_on_hold_they_do_not_but_a_supervisor_reaches_both() -> None:
    assert heard_by(CUSTOMER, HELD) == [BARGE]
    assert heard_by(HUMAN, HELD) == [WHISPER, BARGE, CONSULTED]


def test_a_supervisor_hears_everything_that_is_said_for_the_customer_or_by_other_supervisors() -> None:
    for state, supervisor in product((BRIDGED, HELD), (MONITOR, WHISPER, BARGE)):
        others = [each for each in (MONITOR, WHISPER, BARGE, CONSULTED) if each is not supervisor]
        assert heard_by(supervisor, state) == [CUSTOMER, HUMAN, *others]
        assert hears(supervisor, BOT, WITH_BOT)


def test_who_is_consulted_hears_the_human_alone_and_is_heard_by_them_and_by_supervisors() -> None:
    for state in (BRIDGED, HELD):
        assert heard_by(CONSULTED, state) == [HUMAN]
        listeners = [each for each in EVERYBODY if each is not CONSULTED]
        assert [each for each in listeners if hears(each, CONSULTED, state)] == [
            HUMAN,
            MONITOR,
            WHISPER,
            BARGE,
        ]
    for state in (WITH_BOT, NOBODY):
        assert not hears(CONSULTED, BOT, state) and not hears(CUSTOMER, CONSULTED, state)
        assert not hears(CONSULTED, CUSTOMER, state) and not hears(CONSULTED, WAITING, state)


def test_a_held_customer_hears_music_beside_a_colleague_who_is_consulted() -> None:
    assert plays_music(CUSTOMER, [HUMAN, CONSULTED], HELD, wanted=False)


def test_who_barges_in_does_not_talk_over_the_bot() -> None:
    assert not hears(CUSTOMER, BARGE, WITH_BOT)
    assert hears(CUSTOMER, BARGE, NOBODY)


def test_who_is_muted_is_heard_by_nobody() -> None:
    muted = Seat(Role.HUMAN, has_floor=True, muted=True)
    assert not any(hears(listener, muted, BRIDGED) for listener in EVERYBODY)


def test_music_is_for_a_customer_on_hold_or_while_nobody_has_the_floor() -> None:
    assert plays_music(CUSTOMER, [HUMAN], HELD, wanted=False)
    assert plays_music(CUSTOMER, [], NOBODY, wanted=True)
    assert not plays_music(CUSTOMER, [], NOBODY, wanted=False)
    assert not plays_music(CUSTOMER, [HUMAN], BRIDGED, wanted=True)
    assert not plays_music(CUSTOMER, [], WITH_BOT, wanted=True)
    assert not plays_music(CUSTOMER, [HUMAN, BARGE], HELD, wanted=True), "somebody speaks with them"
    assert plays_music(WAITING, [CUSTOMER], WITH_BOT, wanted=True)
    assert not plays_music(HUMAN, [CUSTOMER], BRIDGED, wanted=True)
    assert not plays_music(MONITOR, [CUSTOMER], BRIDGED, wanted=True)


@given(seats, seats, states)
def test_nobody_without_the_floor_is_let_near_the_customer(
    listener: Seat, speaker: Seat, state: State
) -> None:
    if not hears(listener, speaker, state):
        return
    assert not speaker.muted
    if listener.role is Role.CUSTOMER:
        assert speaker.has_floor or (speaker.role is Role.SUPERVISOR and speaker.mode is Mode.BARGE)
        assert speaker.role is not Role.HUMAN or not state.held
    if listener.role is Role.HUMAN:
        assert listener.has_floor
        assert speaker.role is not Role.SUPERVISOR or speaker.mode is not Mode.MONITOR
    if listener.role is Role.SUPERVISOR and listener.mode is Mode.CONSULT:
        assert speaker.role is Role.HUMAN and speaker.has_floor
    assert listener.role is not Role.BOT
