"""Turns written text into what a voice should read out: money, dates, numbers, addresses, no markup. [core]

Speech synthesis reads symbols badly and order numbers as millions; this writes them as one says them.
English. The text shown and stored stays as it was written; only the voice gets this.
"""

import re
from collections.abc import Callable

_MONTHS = "January February March April May June July August September October November December".split()
_CURRENCIES = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "pence")}
_ABBREVIATIONS = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "approx.": "about", "vs.": "versus",
    "mr.": "Mister", "mrs.": "Missus", "ms.": "Miss", "dr.": "Doctor", "st.": "Street", "ave.": "Avenue",
    "blvd.": "Boulevard", "rd.": "Road", "apt.": "apartment", "dept.": "department",
    "asap": "as soon as possible", "eta": "E T A", "faq": "F A Q", "id": "I D",
}  # fmt: skip
_SYMBOLS = {"@": "at", ".": "dot", "/": "slash", "-": "dash", "_": "underscore"}
_MONTH_SHORT = {name[:3].lower(): name for name in _MONTHS} | {"sept": "September"}

Replacement = Callable[[re.Match[str]], str]


def spelled(text: str) -> str:
    """Letters and digits one by one, in groups that can be written down: `10437` as `1 0 4, 3 7`.

    Where the text has marks between its parts, such as `R-301`, the groups are within the parts.
    """
    parts = re.findall(r"[0-9A-Z]+", text.upper())
    return ", ".join(" ".join(group) for part in parts for group in _groups(part))


def _groups(part: str) -> list[str]:
    """Fours where they come out even, else threes; never one alone."""
    size = 4 if len(part) % 4 == 0 else 3
    groups = []
    while len(part) > 4:
        groups.append(part[:size])
        part = part[size:]
    return [*groups, part]


def _ordinal(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"
    return f"{day}{ending}"


def _date(year: str, month: str, day: str) -> str | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    said = f"{_MONTHS[int(month) - 1]} {_ordinal(int(day))}"
    return f"{said}, {year}" if year else said


def _iso_date(match: re.Match[str]) -> str:
    return _date(*match.group(1, 2, 3)) or match.group()


def _us_date(match: re.Match[str]) -> str:
    month, day, year = match.group(1, 2, 3)
    return _date(year, month, day) or match.group()


def _month_name(match: re.Match[str]) -> str:
    return f"{_MONTH_SHORT[match.group(1)[:3].lower()]} {_ordinal(int(match.group(2)))}"


def _money(match: re.Match[str]) -> str:
    unit, part = _CURRENCIES[match.group(1)]
    whole, cents = int(match.group(2).replace(",", "")), int((match.group(3) or "0").ljust(2, "0"))
    units = f"{whole} {unit}" if whole == 1 else f"{whole} {unit}s"
    parts = f"{cents} {part if cents == 1 or part == 'pence' else part + 's'}"
    if not cents:
        return units
    return f"{units} and {parts}" if whole else parts


def _address(match: re.Match[str]) -> str:
    said = re.sub(r"^(?:https?://)?(?:www\.)?", "", match.group()).rstrip("/")
    for symbol, word in _SYMBOLS.items():
        said = said.replace(symbol, f" {word} ")
    return said


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = match.group(1, 2, 3)
    said = hour if not int(minute or 0) else f"{hour} {'oh ' if minute[0] == '0' else ''}{int(minute)}"
    if half:
        return f"{said} {half[0].upper()} M"
    return f"{said} o'clock" if minute == "00" else said


def _abbreviation(match: re.Match[str]) -> str:
    return _ABBREVIATIONS[match.group().lower()]


def _phone(match: re.Match[str]) -> str:
    return ", ".join(" ".join(group) for group in re.findall(r"\d+", match.group()))


_DAY_OF_MONTH = (
    rf"\b({'|'.join([*_MONTHS, *(s.title() for s in _MONTH_SHORT)])})\b\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b"
)
_DIGIT_IDS = r"(?<![\d.,$€£])(?:#\s?)?\b\d{5,}\b(?![.,]\d)"
_MIXED_IDS = r"\b(?=(?:[A-Z0-9-]*\d){2})(?=[A-Z0-9-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*\b"
_SPELLED = r"\b(?=(?:[A-Z] )*\d)(?:[0-9A-Z] ){4,}[0-9A-Z]\b"
"Written one by one already, as templates do with numbers."
_ABBREVIATED = "|".join(re.escape(short) for short in sorted(_ABBREVIATIONS, key=len, reverse=True))

_RULES: list[tuple[re.Pattern[str], str | Replacement]] = [
    (re.compile(r"```.*?```", re.DOTALL), " "),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\s?\[\d+\]"), ""),
    (re.compile(r"^\s*#{1,6}\s+", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), _address),
    (re.compile(r"\b(?:https?://|www\.)[^\s,;)]*[\w/]"), _address),
    (re.compile(r"([$€£])\s?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2}))?\b"), _money),
    (re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b(?:T[\d:.]+Z?)?"), _iso_date),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b"), _us_date),
    (re.compile(_DAY_OF_MONTH), _month_name),
    (re.compile(r"\b(\d{1,2}):(\d{2})(?!\d)(?:\s?([ap])\.?m\b(?:\.(?=\s+[a-z]))?)?", re.IGNORECASE), _clock),
    (re.compile(r"\b(\d{1,2})()\s?([ap])\.?m\b(?:\.(?=\s+[a-z]))?", re.IGNORECASE), _clock),
    (re.compile(r"\b[Nn]o\.\s?(?=\d)"), "number "),
    (re.compile(r"(?:(?:\+|\b)1[\s.-])?\(?\b\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}\b"), _phone),
    (re.compile(r"\b\d{5}-\d{4}\b"), _phone),
    (re.compile(_MIXED_IDS), lambda match: spelled(match.group())),
    (re.compile(_DIGIT_IDS), lambda match: spelled(match.group())),
    (re.compile(_SPELLED), lambda match: spelled(match.group().replace(" ", ""))),
    (re.compile(r"#\s?(\d+)\b"), lambda match: "number " + spelled(match.group(1))),
    (re.compile(r"(\d),(?=\d{3}\b)"), r"\1"),
    (re.compile(r"(\d)\s?%"), r"\1 percent"),
    (re.compile(r"\b24/7\b"), "24 7"),
    (re.compile(rf"(?<![\w.])(?:{_ABBREVIATED})(?!\w)", re.IGNORECASE), _abbreviation),
    (re.compile(r"(?<=\d)\s?[–—-]\s?(?=\d)"), " to "),
    (re.compile(r"\s[–—]\s|—"), ", "),
    (re.compile(r"(?<=\w)/(?=\w)"), " or "),
    (re.compile(r"&"), " and "),
    (re.compile(r"[*_`#~|<>{}\[\]\\^]|[\U0001F000-\U0001FAFF\u2190-\u21FF\u2600-\u27BF\uFE0F]"), " "),
    (re.compile(r"\s*\(([^)]*)\)"), r", \1,"),
    (re.compile(r",(?=\s*[.,;:!?])"), ""),
    (re.compile(r"\s*\n\s*"), ". "),
    (re.compile(r"([.!?;:,])(?:\s*\.)+(?=\s|$)"), r"\1"),
    (re.compile(r"\s+"), " "),
]  # fmt: skip


def spoken(text: str) -> str:
    """The text as a voice should read it; empty if nothing in it can be said."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = text.strip()
    return text if re.search(r"\w", text) else ""
