import asyncio

from pipelines.answer import Filler
from pipelines.filler import SILENCE_MS, Gap
from tests import virtual_time


def due(
    offered_s: float, filler: Filler, *, timed: bool = True, confirmed_s: float | None = None
) -> tuple[str, float]:
    """What is said and when, in virtual seconds after the customer's last voiced sample."""

    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        confirmed = asyncio.Event() if confirmed_s is not None else None
        gap = Gap((lambda: round(loop.time() * 1_000)) if timed else None, confirmed)
        loop.call_at(offered_s, gap.offer, filler)
        if confirmed is not None and confirmed_s is not None:
            loop.call_at(confirmed_s, confirmed.set)
        return await gap.filler(), round(loop.time(), 2)

    return virtual_time.run(main())


def test_a_filler_waits_until_the_silence_is_getting_long() -> None:
    assert due(0.25, Filler("Let me think.")) == ("Let me think.", SILENCE_MS / 1_000)


def test_a_filler_that_comes_late_is_said_at_once() -> None:
    assert due(0.9, Filler("Let me see.")) == ("Let me see.", 0.9)


def test_a_filler_gives_the_words_their_time() -> None:
    assert due(0.4, Filler("Hm.", after_s=0.5)) == ("Hm.", 0.9)


def test_the_filler_of_a_draft_waits_for_the_end_of_the_turn() -> None:
    assert due(0.2, Filler("Hm."), confirmed_s=1.1) == ("Hm.", 1.1)


def test_without_a_last_voiced_sample_the_silence_counts_from_the_offer() -> None:
    assert due(2.0, Filler("Hm."), timed=False) == ("Hm.", 2.0 + SILENCE_MS / 1_000)


def test_only_the_first_offer_counts() -> None:
    async def main() -> None:
        gap = Gap(None, None)
        gap.offer(Filler("First."))
        gap.offer(Filler("Second."))
        assert await gap.filler() == "First."

    virtual_time.run(main())
