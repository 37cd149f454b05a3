"""The name of a file from outside, fit to be shown and saved.  [core]

What is left has no folder, nothing that cannot be seen or that turns the direction of writing (`gpj.exe` that
reads `exe.jpg`), nothing that file systems refuse, and the ending of what the file really is.
"""

import re
import unicodedata

from gateway.files.kinds import Kind

LONGEST = 100
"Characters."
LONGEST_BYTES = 200
"As UTF-8: file systems take 255, and browsers add to it."
NAMELESS = "file"

_READ = 2_000
"Characters that are looked at."
_GONE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))
"Unicode's categories of what cannot be seen: controls, marks of direction, halves of characters, unassigned."
_REFUSED = re.compile(r'[<>:"|?*]')


def clean_name(given: str, kind: Kind) -> str:
    """What the file is called here; never empty."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given[:_READ]))[-1]
    seen = "".join(character for character in last if unicodedata.category(character) not in _GONE)
    name = _REFUSED.sub("_", " ".join(seen.split())).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not dot or suffix.lower() not in kind.suffixes:
        stem, suffix = name, kind.suffixes[0]
    room = LONGEST - len(suffix) - 1
    short = stem[:room].encode()[: LONGEST_BYTES - len(suffix) - 1].decode(errors="ignore").strip(" .")
    return f"{short or NAMELESS}.{suffix}"
