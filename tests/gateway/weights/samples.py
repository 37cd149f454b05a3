"""Small models for tests: real hashes over made-up bytes, in the same shapes as the catalogue's."""

import hashlib
import random

from gateway.weights.catalogue import Model, ModelFile, OfficialFile, Package, Part


def noise(size: int, seed: int) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(size)


WHOLE = noise(300_000, 1)
HALVES = noise(400_000, 2)
SMALL = b'{"small": true}'

FIRST = Package("sample-part1", "1.0")
SECOND = Package("sample-part2", "1.0")


def model_file(path: str, content: bytes, parts: tuple[Part, ...], official: str | None = None) -> ModelFile:
    """A catalogue entry for `content`."""
    place = OfficialFile("owner/sample", official) if official else None
    return ModelFile(path, len(content), hashlib.sha256(content).hexdigest(), place, parts)


SMALL_FILE = model_file(
    "sample/small.json", SMALL, (Part(FIRST, "sample_part1/small.json", len(SMALL)),), "small.json"
)
JOINED_FILE = model_file(
    "sample/joined.bin",
    HALVES,
    (
        Part(FIRST, "sample_part1/first.bin", 200_000),
        Part(SECOND, "sample_part2/second.bin", 200_000),
    ),
    "joined.bin",
)
MODEL = Model("sample", "tests", "MIT", "whisper-base.md", (JOINED_FILE, SMALL_FILE))
WHEELS = {
    FIRST: {"sample_part1/first.bin": HALVES[:200_000], "sample_part1/small.json": SMALL},
    SECOND: {"sample_part2/second.bin": HALVES[200_000:]},
}
