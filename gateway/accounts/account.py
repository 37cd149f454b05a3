"""A person who works at the desk.  [core]"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.accounts.permissions import DESK_ROLES, DeskRole
from pipelines.facts import Channel

LONGEST_NAME = 64
MOST_NAMES = 64
"Queues, skills or languages of one person."
HIGHEST_LEVEL = 10
MOST_CONTACTS = 50
"At the same time, on one channel."

_SIGN_IN_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}\Z")
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")


class InvalidAccount(ValueError):
    """An account cannot be like that; the text says what is wrong, for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Account:
    """One person; raises `InvalidAccount` when it is made of what an account cannot have."""

    agent_id: str
    "`a_…`; never used again for somebody else."
    name: str
    "They sign in with it: lower case, see `sign_in_name`."
    display_name: str
    "What customers and colleagues see."
    role: DeskRole = "agent"
    queues: frozenset[str] = frozenset()
    "Keys of the queues they take contacts from."
    skills: Mapping[str, int] = field(default_factory=dict)
    "Level of each, 1 to 10, higher is better."
    languages: frozenset[str] = frozenset({"en"})
    "Two or three small letters each, as the queues have them."
    capacity: Mapping[Channel, int] = field(default_factory=lambda: {"voice": 1, "chat": 3})
    "Contacts at the same time."
    enabled: bool = True
    created_at: float = 0.0
    "Unix time, seconds."

    def __post_init__(self) -> None:
        _check(sign_in_name(self.name) == self.name, "a sign-in name is in lower case")
        _check(self.display_name == display_name(self.display_name), "a display name has no odd spaces")
        _check(self.role in DESK_ROLES, f"a role is one of: {', '.join(DESK_ROLES)}")
        for kind, names in (("queue", self.queues), ("skill", self.skills)):
            _check(len(names) <= MOST_NAMES, f"nobody has more than {MOST_NAMES} {kind}s")
            for name in names:
                _check(_KEY.match(name), f"a {kind} has 1 to 32 of a-z, 0-9, - and _: {name[:40]!r}")
        _check(
            all(1 <= level <= HIGHEST_LEVEL for level in self.skills.values()),
            f"the level of a skill is 1 to {HIGHEST_LEVEL}",
        )
        _check(0 < len(self.languages) <= MOST_NAMES, f"a person speaks 1 to {MOST_NAMES} languages")
        for tag in self.languages:
            _check(
                _LANGUAGE.match(tag), f"a language is two or three small letters, such as `en`: {tag[:40]!r}"
            )
        _check(set(self.capacity) == {"voice", "chat"}, "a capacity is that of voice and that of chat")
        _check(0 <= self.capacity["voice"] <= 1, "nobody takes more than one call at a time")
        _check(0 <= self.capacity["chat"] <= MOST_CONTACTS, f"nobody takes over {MOST_CONTACTS} chats")


def sign_in_name(text: str) -> str:
    """A name as accounts are found by it; raises `InvalidAccount` for what can be nobody's."""
    name = unicodedata.normalize("NFKC", text[: 4 * LONGEST_NAME]).strip().lower()
    if not _SIGN_IN_NAME.match(name):
        text = "a sign-in name has 1 to 64 of a-z, 0-9 and . _ @ + -, and begins with a letter or a digit"
        raise InvalidAccount(text)
    return name


def display_name(text: str) -> str:
    """A name as it is shown; raises `InvalidAccount` for what cannot be."""
    name = " ".join(unicodedata.normalize("NFC", text[: 4 * LONGEST_NAME]).split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidAccount(f"a display name has 1 to {LONGEST_NAME} characters")
    # Cc, Cf: also the marks that turn the direction of what follows, on a customer's screen.
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") for character in name):
        raise InvalidAccount("a display name has no control characters")
    return name


def _check(holds: object, otherwise: str) -> None:
    if not holds:
        raise InvalidAccount(otherwise)
