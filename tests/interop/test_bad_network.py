"""What a bad network costs in words: the same speech over the same telephone, through a relay that spoils it.

All calls are made at the same time. The word error rates are printed (`pytest -rP`) and written into the
report of the run; the limits are those of a network that people would still talk over.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import wer
from tests.interop.baresip import Settings, baresip
from tests.interop.exchange import exchange
from tests.interop.relay import Conditions, relay
from tests.interop.sounds import Sound
from tests.interop.speech import Hear, Speak, speak, transcribe

__all__ = ["speak", "transcribe"]
pytestmark = [pytest.mark.interop, pytest.mark.models, pytest.mark.timeout(180)]

TEXT = (
    "I ordered a tent two weeks ago, and the box arrived with a broken pole. I would like to know "
    "whether you can send me a new pole, or if I have to return the whole tent. My order number is "
    "one zero four three seven, and my zip code is six zero six one four."
)
NETWORKS = {
    "clean": (Conditions(), 0.0),
    "loss 1 %": (Conditions(loss=0.01), 0.1),
    "loss 3 %": (Conditions(loss=0.03), 0.15),
    "loss 10 %": (Conditions(loss=0.1), 0.35),
    "reordering 5 %": (Conditions(swapped=0.05), 0.1),
    "jitter 60 ms": (Conditions(jitter_ms=60), 0.15),
    "duplicates 10 %": (Conditions(doubled=0.1), 0.05),
}
"What a network does, and the word error rate against the clean call that is still allowed."


async def call(conditions: Conditions, speech: Sound, folder: Path) -> Sound:
    """What our side hears of somebody who says it over such a network."""
    async with exchange(folder, advertised="127.0.0.2") as ours:
        async with relay(ours.rtp, conditions, clean=[ours.port]):
            async with baresip(Settings(codec="PCMA"), speech) as alice:
                await alice.dial(ours.uri().replace("127.0.0.1", "127.0.0.2"))
                await alice.until("CALL_ESTABLISHED")
                line = await ours.line()
                await asyncio.sleep(speech.seconds + 0.5)
                assert line.leg.ended is None, "the call survives"
                return line.heard()


def test_words_survive_a_bad_network(
    speak: Speak, transcribe: Hear, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    speech = speak(TEXT)

    async def main() -> dict[str, Sound]:
        async with asyncio.TaskGroup() as tasks:
            calls = {
                name: tasks.create_task(call(conditions, speech, tmp_path))
                for name, (conditions, _) in NETWORKS.items()
            }
        return {name: done.result() for name, done in calls.items()}

    heard = {name: transcribe(sound) for name, sound in asyncio.run(main()).items()}
    rates = {name: wer.errors(heard["clean"], words).rate for name, words in heard.items()}
    for name, rate in rates.items():
        record_property(f"wer {name}", round(rate, 3))
        print(f"{name}: {rate:.1%} against the clean call")  # noqa: T201 - it is what is asked for
    assert wer.errors(TEXT, heard["clean"]).rate < 0.15, heard["clean"]
    assert not {name: rates[name] for name, (_, limit) in NETWORKS.items() if rates[name] > limit}
