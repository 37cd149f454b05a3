"""Which language somebody writes or speaks, by script and by the small words that every sentence has.
[core]

Good enough to route a contact to a person who speaks it; of a few words it says nothing rather than guess.
Gives BCP 47 primary tags (RFC 5646).
"""

import re
from collections import Counter

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SMALL_WORDS = {
    "en": "the is my i it to and a of you have for what where not can was are this that with do please want",
    "de": "der die das ist ich nicht und ein eine mein meine zu mit wo wie was kann bitte habe auf für wann",
    "es": "el los las es mi y un una que no en por para con dónde donde está cuando puedo quiero pedido",
    "fr": "le les est je ne pas et un une mon ma que pour avec où vous quand puis veux s'il plaît commande",
    "it": "il gli è io non e un una mio mia che per con dove quando posso vorrei favore ordine sono",
    "pt": "o os as é eu não e um uma meu minha que por para com onde quando posso quero favor pedido está",
    "nl": "de het is ik niet en een mijn dat voor met waar wanneer kan wil graag bestelling mij hoe",
}
_LANGUAGES = {
    word: tuple(tag for tag, words in _SMALL_WORDS.items() if word in words.split())
    for words in _SMALL_WORDS.values()
    for word in words.split()
}
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("uk", re.compile(r"[іїєґІЇЄҐ]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
_FEWEST = 2.0
"Points that a language needs …"
_AHEAD = 1.3
"… and so many times those of the next one."


def language_of(text: str) -> str | None:
    """The language's tag; None if the text does not tell."""
    for tag, script in _SCRIPTS:
        if len(script.findall(text)) >= 2:
            return tag
    points: Counter[str] = Counter()
    for word in _WORD.findall(text.lower().replace("’", "'")):
        tags = _LANGUAGES.get(word, ())
        for tag in tags:
            points[tag] += 1 / len(tags)  # type: ignore[assignment]
    ranked = points.most_common(2)
    if not ranked or ranked[0][1] < _FEWEST:
        return None
    return ranked[0][0] if len(ranked) == 1 or ranked[0][1] >= _AHEAD * ranked[1][1] else None
