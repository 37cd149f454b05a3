"""Broken copies of good messages, the same ones in every run."""

import random
from collections.abc import Iterator, Sequence

BYTES = [
    b"\0",
    b"\xff",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"=",
    b":",
    b"/",
    b"-1",
    b"99999999999999999999",
    b"\xc3\xa9",
]


def mutants(originals: Sequence[bytes], count: int, seed: int = 1) -> Iterator[bytes]:
    """`count` texts: pieces of the originals replaced, removed, repeated, swapped or cut off."""
    chance = random.Random(seed)
    for _ in range(count):
        text = chance.choice(originals)
        for _ in range(chance.randint(1, 4)):
            text = _mutated(text, originals, chance)
        yield text


def _mutated(text: bytes, originals: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    to = min(at + chance.choice([0, 1, 1, 2, 8, 64]), len(text))
    match chance.randrange(6):
        case 0:
            piece = bytes(chance.randrange(256) for _ in range(chance.choice([1, 1, 2, 5])))
        case 1:
            piece = chance.choice(BYTES)
        case 2:
            piece = b""
        case 3:
            piece = text[at:to] * chance.choice([2, 3, 100])
        case 4:
            return text[:at]
        case _:
            other = chance.choice(originals)
            piece = other[chance.randrange(len(other)) :][:100]
    return text[:at] + piece + text[to:]
