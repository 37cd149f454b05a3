"""Broken copies of messages, the same ones in every run."""

import random
from collections.abc import Iterator, Sequence


def mutants(seeds: Sequence[bytes], count: int) -> Iterator[bytes]:
    """`count` copies of the seeds with bits flipped, bytes changed, pieces cut, doubled and swapped in."""
    dice = random.Random(4)
    for at in range(count):
        data = bytearray(seeds[at % len(seeds)])
        for _ in range(dice.randrange(1, 5)):
            _change(data, dice, seeds)
        yield bytes(data)


def _change(data: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    place = dice.randrange(len(data) + 1)
    match dice.randrange(6):
        case 0 if place < len(data):
            data[place] ^= 1 << dice.randrange(8)
        case 1 if place < len(data):
            data[place] = dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))
        case 2:
            del data[place:]
        case 3:
            del data[place : place + dice.randrange(1, 9)]
        case 4:
            data[place:place] = data[place : place + dice.randrange(1, 40)]
        case _:
            other = dice.choice(seeds)
            data[place:] = other[dice.randrange(len(other) + 1) :]
