"""What can be understood from the words alone: yes and no, courtesies, leaving, wishing for a person. [core]

Made for speech: fillers, politeness and word order do not matter. A rule that is not sure says nothing; a yes
with a "but" in it is none. Patterns are matched against `plain` text.
"""

import re
from typing import Literal


def _any(*phrases: str) -> str:
    """A group that matches any of the comma-separated phrases."""
    return f"(?:{'|'.join(phrase.strip() for line in phrases for phrase in line.split(','))})"


_WORD = re.compile(r"[a-z0-9']+")
_LEAD_IN = r"(?:(?:oh|ok|okay|um|uh|well|hmm|actually|sorry) )*"
_IDIOMS = re.compile(rf"\b{_any('no problem, no worries, no doubt, why not, not a problem')}\b")

_YES_WORDS = _any(
    "yes, yeah, yea, yep, yup, ya, yah, aye, sure, surely, ok, okay, k, alright, all right, correct, right",
    "exactly, absolutely, definitely, certainly, indeed, totally, of course, affirmative, confirm, confirmed",
    "i confirm, agreed, i agree, go ahead, go for it, do it, do that, please do, proceed, make it so",
    "let's do it, that's right, that is right, that's correct, that is correct, that's it, that's fine",
    "that works, sounds good, sounds right, fine, perfect, great, uh huh, mhm, mm hmm, i do, i would",
    "i'd like that, that would be great, that would be good, please, you bet",
)
_NO_WORDS = _any(
    "no, nope, nah, na, not, never, negative, don't, do not, dont, please don't, stop, wait, hold on, wrong",
    "i don't, that's not, that is not, that's wrong, i'd rather not, rather not, absolutely not",
    "of course not",
)
_DOUBT_WORDS = _any(
    "no, nope, not, don't, dont, doesn't, isn't, never, wait, but, except, unless, instead, hold on, stop",
    "cancel, if, changed my mind, rather, can't, cannot, maybe, perhaps, wrong",
)
_YES = re.compile(rf"^{_LEAD_IN}{_YES_WORDS}\b")
_NO = re.compile(rf"^{_LEAD_IN}{_NO_WORDS}\b")
_DOUBT = re.compile(rf"\b{_DOUBT_WORDS}\b")

_ASKS = re.compile(
    r"\b(?:what|when|where|why|how|who|which|(?:can|could|do|will|would|should) (?:you|i)|(?:is|does|will) it"
    r"|(?:is|are) there|tell me|explain|know)\b"
)
'A recogniser often leaves out the comma of "yeah, what is your policy", which is no yes to anything.'

_LEAVE_WORDS = _any(
    "never ?mind, forget it, forget that, forget about it, forget about that, leave it, drop it, scrap that",
    "skip it, changed my mind, no longer want, no longer need, let's not, stop this, start over",
    "don't bother, do not bother",
)
_LEAVE = re.compile(
    rf"\b{_LEAVE_WORDS}\b"
    r"|\b(?:don't|do not) want (?:to|that|this|it)(?: any ?more)?\b"
    r"|^(?:please )?(?:cancel|stop|quit|abort|exit)(?: (?:this|that|it))?(?: please)?$"
)

_PERSON = _any(
    r"person, human, human being, agent, representative, rep, operator, manager, supervisor, colleague",
    r"associate, adviser, advisor, employee, staff, specialist, boss, someone, somebody, customer service",
    r"customer care, customer support, (?:real|live|actual) \w+, people, team member, support",
)
_REACH = _any(
    "talk, speak, chat, connect, transfer, put, pass, switch, forward, escalate, hand, get, give, want, need",
    "find, call, reach, contact, prefer, like",
)
_WANT_PERSON = re.compile(
    rf"\b{_REACH}\b(?: \w+){{0,5}}? (?:(?:a|an|the|your|my|some|any|another) )?{_PERSON}\b"
    rf"|^(?:a |an )?(?:(?:real|live|actual) )?{_PERSON}(?: please)?$"
    r"|\b(?:not|no) (?:a )?(?:bot|robot|machine|computer)\b|\bescalate\b"
)
_NOT_PERSON = re.compile(
    rf"\b{_any('don.t, do not, didn.t, no need to, without, are you, is this, am i, you.re, you are')}\b"
    r"(?: \w+){0,5}? (?:(?:a|an|the) )?(?:person|human|agent|representative|someone|somebody|real)"
)

_GREET = re.compile(
    _any(
        "hi, hello, hey, hiya, howdy, greetings, good morning, good afternoon, good evening, good day",
        "hello there, hi there, hey there, yo, how are you, how are you doing, how are you today",
        "how are you doing today",
    )
)
_PLEASED = r"(?:(?:ok|okay|great|perfect|awesome|alright|cool|nice|wonderful|no|nope|yes|thanks|thank you) )*"
_THANKS = re.compile(
    _PLEASED
    + _any(
        "thanks, thank you, thank you so much, thank you very much, thanks a lot, thanks so much",
        "many thanks, thanks very much, thx, ty, cheers, much appreciated, i appreciate it, appreciated",
    )
    + rf"(?: {_any('for (?:all )?(?:your|the) help, that was helpful, that.s great, very helpful')})*"
)
_DAY = r"have a (?:nice|good|great) (?:day|one|evening|weekend)"
_BYE = re.compile(
    _PLEASED
    + _any(
        f"bye, bye bye, goodbye, good bye, see you, see ya, see you later, {_DAY}, that's all, that is all",
        "that'll be all, that will be all, that's everything, nothing else, i'm done, talk to you later",
    )
    + rf"(?: (?:for (?:now|today)|thanks|thank you|bye|goodbye|then|{_DAY}|for your help))*"
)

_CORRECTION = re.compile(
    r"\b(?:no|not|sorry|actually|meant|mean|wrong|correction|instead|rather|mistake|oops|should be|make that"
    r"|change (?:it|that) to)\b"
)
_DENIED = re.compile(r"\b(?:no|not|meant|mean|wrong|instead|mistake|should be|make that)\b")
_SAYS_NOTHING = frozenset(
    "oh ok okay um uh er well so yes yeah no not sorry i it's its it is was the a an my that this think mean "
    "meant and thanks thank you please sure here there just now actually wait hold on let me see would be "
    "should make".split()
)
_BACK_REFERENCE = re.compile(r"\b(?:it|that|this|the same|(?:that|this|same) (?:one|order))\b")
_SELF = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|my|me|mine|our|we)\b")
_QUESTION_FIRST = re.compile(r"^(?:what|when|where|why|how|who|which|is|are|can|could|do|does|will|would)\b")
_BORDER = re.compile(
    r"[.?!;]+\s+"
    r"|,?\s+(?:and also|and then|and|also|plus|then|but)\s+(?=\w+\s+\w+)"
    r"|,\s+(?=(?:can|could|what|how|where|when|do|i)\b)",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Lower case words with single blanks, apostrophes straight, punctuation gone."""
    return " ".join(_WORD.findall(text.lower().replace("’", "'")))


def yes_or_no(text: str, also_yes: tuple[str, ...] = ()) -> Literal["yes", "no"] | None:
    """Whether the words answer a yes-no question; None if they do not, or do both."""
    words = plain(text)
    without_idioms = _IDIOMS.sub("sure", words)
    if any(phrase in words for phrase in also_yes) and not _NO.match(words) and " not " not in f" {words} ":
        return "yes"
    if _NO.match(without_idioms):
        return "no"
    doubtful = _DOUBT.search(without_idioms) or _ASKS.search(without_idioms)
    return "yes" if _YES.match(without_idioms) and not doubtful else None


def answer_in_front(text: str) -> Literal["yes", "no"] | None:
    """The yes or no that stands for itself before something else ("yes, and what does it cost?")."""
    parts = re.split(r"[.!]\s+|,?\s+(?:and|also)\s+", text.strip(), maxsplit=1)
    return yes_or_no(parts[0]) if len(parts) > 1 else None


def rest_after_answer(text: str) -> str:
    """What follows a yes or no in the same breath ("yes, and what does it cost"); empty if little does."""
    parts = re.split(r"[,.;!?]\s+|\s+(?:and|but|also)\s+", text.strip(), maxsplit=1)
    return parts[1] if len(parts) > 1 and len(parts[1].split()) >= 3 else ""


def leaves(text: str) -> bool:
    """Whether the customer wants to leave what is going on."""
    return bool(_LEAVE.search(plain(text)))


def wants_person(text: str) -> bool:
    """Whether the customer asks for a person, in whatever words."""
    words = plain(text)
    return bool(_WANT_PERSON.search(words)) and not _NOT_PERSON.search(words)


def courtesy(text: str) -> Literal["greet", "thanks", "bye"] | None:
    """Whether the words are nothing but a greeting, thanks or a goodbye."""
    words = plain(text)
    if _BYE.fullmatch(words):
        return "bye"
    if _THANKS.fullmatch(words):
        return "thanks"
    return "greet" if _GREET.fullmatch(words) else None


def corrects(text: str) -> bool:
    """Whether the words take something back."""
    return bool(_CORRECTION.search(plain(text)))


def takes_back(text: str) -> bool:
    """Whether the words deny what was said before, not only apologise for it."""
    return bool(_DENIED.search(plain(text)))


def refers_back(text: str) -> bool:
    """Whether the words point at something named before ("cancel it")."""
    return bool(_BACK_REFERENCE.search(plain(text)))


def clauses(text: str) -> list[str]:
    """The text's parts that may want different things; one if it is all one."""
    parts = [part.strip(" ,.;") for part in _BORDER.split(text.strip()) if part]
    return [part for part in parts if len(part.split()) >= 2] or [text.strip()]


def says_more(words: str, least: int) -> bool:
    """Whether words that a value was taken out of still have so many that say something of their own."""
    left = [word for word in plain(words).replace("my order", "").split() if word not in _SAYS_NOTHING]
    return len(left) >= least


def speaks_of_self(text: str) -> bool:
    """Whether the customer speaks of themselves and what is theirs, and not only of us."""
    return bool(_SELF.search(plain(text)))


def is_question(text: str) -> bool:
    """Whether the text is put as a question."""
    return text.rstrip().endswith("?") or bool(_QUESTION_FIRST.match(plain(text)))
