"""Digits that must be kept nowhere: a PIN stands in the conversation under another name. [core]

What we asked for as a secret is taken out of the customer's words before anything is made of them. A
placeholder goes where words go (facts, transcripts, prompts); what stands behind it lives in the memory of
this process, and only an argument of the tool that needs it gets it. A restart forgets it: it is asked for
again. Relies on `tools.numerals`, so that a PIN may be keyed, typed or said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.numerals import fold, number_runs

PLACEHOLDER = re.compile(r"\[secret \d+\]")
"A secret that is kept."
WITHHELD = "…"
"Other numbers that were said when we asked for it: a wrong one may be right but for a digit."
FEWEST = 3
"Digits of a secret."


@dataclass
class Secrets:
    """The secrets of one conversation, by placeholder."""

    _values: dict[str, str] = field(default_factory=dict, repr=False)
    _count: int = 0
    "Of all that were ever kept."

    def __contains__(self, placeholder: object) -> bool:
        return placeholder in self._values

    def copy(self) -> "Secrets":
        """Others of their own, equal to these now."""
        return Secrets(dict(self._values), self._count)

    def forget(self) -> None:
        """They were needed and are not needed any more."""
        self._values.clear()

    def values(self) -> tuple[str, ...]:
        """All that is kept, in the order it came."""
        return tuple(self._values.values())

    def withhold(self, text: str, digits: int) -> str:
        """The text without its numbers; the last of so many digits is kept and leaves its placeholder.

        If none has so many, all together may: people pause within a number.
        """
        numbers = numbers_in(text)
        joined = "".join(numbers)
        secret = next((number for number in reversed(numbers) if len(number) == digits), joined)
        if len(secret) != digits:
            return without_numbers(text)
        self._count += 1
        placeholder = f"[secret {self._count}]"
        self._values[placeholder] = secret
        return without_numbers(text, {numbers.index(secret) if secret in numbers else 0: placeholder})

    def reveal(self, value: Any) -> Any:
        """What stands behind a placeholder; any other value as it is."""
        return self._values.get(value, value) if isinstance(value, str) else value

    def hide(self, tree: Any) -> Any:
        """The same mappings, lists and scalars with placeholders wherever a secret stands."""
        if isinstance(tree, Mapping):
            return {key: self.hide(each) for key, each in tree.items()}
        if isinstance(tree, list | tuple):
            return [self.hide(each) for each in tree]
        if isinstance(tree, bool) or not isinstance(tree, str | int):
            return tree
        hidden = str(tree)
        for placeholder, value in self._values.items():
            hidden = hidden.replace(value, placeholder)
        return tree if hidden == str(tree) else hidden


def numbers_in(text: str) -> list[str]:
    """The digits of every number in the text, however it was said."""
    return ["".join(group.digits for group in run) for run in number_runs(fold(text))]


def without_numbers(text: str, instead: Mapping[int, str] = {}) -> str:
    """The text with `WITHHELD` for every number, or what stands in `instead` for its place."""
    folded = fold(text)
    runs = number_runs(folded)
    if not runs:
        return text
    for place, run in reversed(list(enumerate(runs))):
        folded = f"{folded[: run[0].start]}{instead.get(place, WITHHELD)}{folded[run[-1].end :]}"
    return folded
