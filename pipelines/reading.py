"""Does a transcript read as if the customer had finished? Rules about English, none about a shop. [core]

The end-of-turn model hears the melody and knows no words; these rules know the words. "My order number is"
sounds finished often enough and never is; five digits are finished where five are expected, however they
sound.
"""

import re
from collections.abc import Set
from enum import IntEnum, auto


class Reading(IntEnum):
    """How a transcript reads, from the least to the most finished."""

    UNFINISHED = auto()
    "Nobody ends a turn like this."
    LOOSE = auto()
    "Without a full stop, though the recogniser writes them: it heard that more was to come."
    STATED = auto()
    "A sentence like any other."
    FINISHED = auto()
    "What we asked for is there, or a question was put: nothing more need come."


_TRAILING = (
    # conjunctions, and what leads in a clause
    r"and|but|or|(?<!think )(?<!hope )so|because|cause|if|when|while|since|unless|although|than|whether|"
    r"which|who|as|"
    # prepositions that need something after them; not in, on, off, up, out, back: verbs end on those
    r"of|from|with|at|for|by|about|into|onto|to|between|during|without|until|"
    r"the|a|an|my|your|our|their|every|very|"
    r"i'm|it's|he's|she's|they're|we're|i'd|i'll|i've|there's|"
    r"um|uh|uhm|er|erm|hm|hmm"
)
_LEADING_IN = (
    r"(?:like|want|wanted|need|have) to (?:know|ask|say|return|cancel|change|order|buy|get|check)|"
    r"(?:i|we) (?:want|need|wanted|needed|mean|ordered|bought)|"
    r"(?:can|could|would|will) (?:you|i|we)(?: please)?(?: tell me| let me know| change| check| send)?|"
    r"was wondering|you know|the (?:thing|problem|question|reason)|"
    r"(?:my|the) (?:(?:order|phone|zip|account|street|house|tracking) )?(?:number|name|code|address|e-?mail)"
)
_OPEN = re.compile(r"(?:\.\.+|…|[,;:\-–—])$")
"Punctuation that promises more."
_UNFINISHED = re.compile(rf"(?:^|\W)(?:{_TRAILING}|{_LEADING_IN})\W*$", re.IGNORECASE)
_QUESTION = re.compile(
    r"^(?:(?:and|but|so|well|okay|um|uh)\W+)*(?:who|what|where|which|when|how)\b.*\?$", re.IGNORECASE
)
"May end on anything: `Where is it from?`"
_COPULA = re.compile(
    r"^(?!.*\b(?:who|what|where|which|when|how|why)\b)"
    r".*(?<!\bit)(?<!\bthat)(?<!\bhe)(?<!\bshe) (?:is|was|are|were)\W*$",
    re.IGNORECASE,
)
"`My order number is` is unfinished, `I know where my order is` and `yes, it is` are not."
_CONDITION = re.compile(
    r"^(?:(?:and|but|so|well)\W+)?"
    r"(?:if|while|since|although|as soon as|when (?:i|we|it|they|he|she|the|my))\b[^,?]*$",
    re.IGNORECASE,
)
"What follows from it is still to come."
_OPENING = re.compile(r"^(?:(?:and|but|so|well|um|uh|look|listen)\W*)+$", re.IGNORECASE)

_ATTENTION = re.compile(
    r"^\W*(?:(?:wait|hold on|hang on|stop|sorry|pardon|excuse me|just|a|one|moment|second|please)\W*){1,5}$",
    re.IGNORECASE,
)
"What people say to get the word; what they want it for comes next."

_DIGIT = r"(?:\d|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b)"
_DICTATED = re.compile(
    rf"(?:^|\b(?:number|code|zip|order|id|is|it's|yes|yeah|no|um|uh)\b)\W*((?:{_DIGIT}[\s,.?\-–]*)+)$",
    re.IGNORECASE,
)
"Digits at the end, said by themselves or after the name of a number."

PROBABLE = 4
"Where no lengths are known, a number with fewer digits is rather the first part of one."

YES_NO = re.compile(
    r"^\W*(?:(?:yes|yeah|yep|yup|sure|correct|right|exactly|okay|ok|no|nope|nah|not (?:yet|really|now)|"
    r"please|thanks?|thank you|do (?:it|that|so)|go ahead|of course|that(?:'s| is) (?:right|correct|fine|it)|"
    r"it is|i do|please do|don't)\W*){1,4}$",
    re.IGNORECASE,
)
"An answer to a question of ours that asks yes or no."

_GREETING = re.compile(r"^\W*(?:hello|hi|hey|thanks|bye|goodbye|help|stop)\W*$", re.IGNORECASE)
"The one word of a whole turn; any other is mostly the first of several, or the rest was not understood."

BACKCHANNEL = frozenset(
    "uh um hm hmm hmmm mm mmm mhm mmhmm uhhuh huh oh ah aha okay ok yeah right i see go on sure".split()
)
"Words that only say: I am listening."


def words(text: str) -> list[str]:
    """The words of a transcript, lower case, without punctuation (a hyphen joins: `uh-huh` is one)."""
    return re.findall(r"\w+", re.sub(r"['’\-]", "", text.lower()))


def is_backchannel(text: str, *, number: bool = False) -> bool:
    """Whether these words, said while we speak, only mean that we should go on.

    `number`: a short number alone is a murmur too, because nobody asked for one and Whisper hears them in
    `mm-hmm`.
    """
    said = words(text)
    if number and len(said) == 1 and said[0].isdigit() and len(said[0]) <= 2:
        return True
    return len(said) <= 4 and all(word in BACKCHANNEL for word in said)


def reading(text: str, lengths: Set[int] = frozenset(), *, yes_no: bool = False) -> Reading:
    """How a transcript reads.

    `lengths` are how many digits the numbers have that customers dictate here; `yes_no` says that we just
    asked a question that asks yes or no.
    """
    text = text.strip().replace("’", "'")
    if yes_no and YES_NO.match(text):
        return Reading.FINISHED
    if dictated := _DICTATED.search(text):
        return _number(len(re.findall(_DIGIT, dictated[1], re.IGNORECASE)), lengths)
    if _QUESTION.match(text):
        return Reading.FINISHED
    if any(pattern.search(text) for pattern in (_OPEN, _UNFINISHED, _COPULA, _CONDITION, _OPENING)):
        return Reading.UNFINISHED
    if _ATTENTION.match(text):
        return Reading.LOOSE
    alone = not yes_no and len(words(text)) == 1 and not _GREETING.match(text)
    return Reading.LOOSE if alone or _lacks_stop(text) else Reading.STATED


def _number(digits: int, lengths: Set[int]) -> Reading:
    """A number being dictated: whole, or one with more to come, or we cannot know."""
    if digits in lengths:
        return Reading.FINISHED
    if lengths:
        return Reading.UNFINISHED if digits < max(lengths) else Reading.STATED
    return Reading.UNFINISHED if digits < PROBABLE else Reading.LOOSE


def _lacks_stop(text: str) -> bool:
    """No full stop, by a recogniser that begins sentences with capitals and so would have written one."""
    return text[:1].isupper() and text[-1:].isalpha() and len(words(text)) > 1
