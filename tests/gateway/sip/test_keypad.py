"""Keys by RTP, by INFO, and by both."""

import asyncio
from collections.abc import Sequence

import pytest

from gateway.leg import Channel
from gateway.rtp.dtmf import Digit
from gateway.sip.keypad import Keypad
from tests import virtual_time

Press = tuple[str, str, float]
"By what, which key, after how many seconds."


def heard(presses: Sequence[Press]) -> str:
    keys: list[str] = []

    async def main() -> None:
        channel: Channel[Digit] = Channel("test_digits", 32)
        keypad = Keypad(channel)

        async def read() -> None:
            async for key in keypad.pressed():
                keys.append(key)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(read())
            for by, key, after_s in presses:
                await asyncio.sleep(after_s)
                if by == "info":
                    keypad.informed(key, 160)
                else:
                    channel.put(Digit(key, 160))
            await asyncio.sleep(0.1)
            channel.close()

    virtual_time.run(main())
    return "".join(keys)


@pytest.mark.parametrize(
    ("presses", "keys"),
    [
        ([("rtp", "1", 0), ("rtp", "1", 0.2), ("rtp", "2", 0.2)], "112"),
        ([("info", "1", 0), ("info", "1", 0.2)], "11"),
        ([("rtp", "1", 0), ("info", "1", 0.1)], "1"),
        ([("info", "1", 0), ("rtp", "1", 0.1)], "1"),
        ([("rtp", "1", 0), ("info", "1", 0.1), ("rtp", "1", 0.2), ("info", "1", 0.1)], "11"),
        ([("rtp", "1", 0), ("info", "2", 0.1)], "12"),
        ([("rtp", "1", 0), ("info", "1", 1.5)], "11"),
    ],
)
def test_a_press_is_a_key_once(presses: list[Press], keys: str) -> None:
    assert heard(presses) == keys
