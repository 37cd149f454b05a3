import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.agent.cache_slots import CacheSlots, Lease

STEPS = st.lists(st.tuples(st.sampled_from(["lease", "release"]), st.sampled_from("abcdefg")), max_size=60)


def test_a_call_keeps_its_slot() -> None:
    slots = CacheSlots(2)
    assert [slots.lease(session) for session in "abab"] == [
        Lease(0, "free"),
        Lease(1, "free"),
        Lease(0, "kept"),
        Lease(1, "kept"),
    ]


def test_with_more_calls_than_slots_the_one_that_was_silent_longest_gives_up_its_slot() -> None:
    slots = CacheSlots(2)
    for session in "aba":
        slots.lease(session)
    assert slots.lease("c") == Lease(1, "taken_over")
    assert slots.lease("a") == Lease(0, "kept")
    assert slots.lease("b") == Lease(1, "taken_over"), "who lost its slot gets another's like anybody"


def test_the_slot_of_a_call_that_ended_is_the_next_ones() -> None:
    slots = CacheSlots(1)
    slots.lease("a")
    slots.release("a")
    slots.release("a")
    assert slots.lease("b") == Lease(0, "free")


def test_a_cache_without_slots_is_none() -> None:
    with pytest.raises(ValueError, match="at least one slot"):
        CacheSlots(0)


@given(st.integers(1, 4), STEPS)
def test_whatever_happens_no_two_calls_share_a_slot_and_none_is_lost(
    count: int, steps: list[tuple[str, str]]
) -> None:
    slots = CacheSlots(count)
    used: list[str] = []
    for step, session in steps:
        before = slots.holders()
        if step == "release":
            slots.release(session)
            assert session not in slots.holders()
            used = [each for each in used if each != session]
            continue
        lease = slots.lease(session)
        used = [*(each for each in used if each != session), session][-count:]
        assert list(slots.holders()) == used, "those that used theirs last have one"
        assert slots.holders()[session] == lease.slot
        assert (lease.how == "kept") == (session in before)
        assert (lease.how == "taken_over") == (session not in before and len(before) == count)
    held = list(slots.holders().values())
    assert len(set(held)) == len(held) and set(held) <= set(range(count))
    slots_left = {slots.lease(f"new {n}").slot for n in range(count)}
    assert slots_left == set(range(count))
