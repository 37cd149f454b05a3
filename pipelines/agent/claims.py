"""Whether a sentence of a model claims a deed that has no receipt. [core]

"I have refunded your order" may be said only with a receipt of a refund. The patterns are broad on purpose: a
harmless sentence that is replaced costs a question, a false claim that is spoken costs trust and money.
Questions, offers and denials ("shall I cancel it?", "I can't refund that") claim nothing.
"""

import re
from collections.abc import Collection
from typing import Final

PROOF: Final = {
    "refund": frozenset({"request_refund", "cancel_order"}),
    "cancellation": frozenset({"cancel_order"}),
    "address": frozenset({"change_address"}),
    "password": frozenset({"reset_password"}),
    "ticket": frozenset({"create_ticket"}),
    "message": frozenset({"create_ticket", "reset_password"}),
    "replacement": frozenset(),
    "booking": frozenset(),
    "account": frozenset(),
}
"Deed to the tools whose receipt proves it; empty: nothing we have can do it."

_DEEDS: Final = {
    "refund": "refund reimburs credit money",
    "cancellation": "cancel",
    "address": "address redirect rerout",
    "password": "password link",
    "ticket": "ticket complaint case",
    "message": "email e-mail message notif inform forward escalat contact",
    "replacement": "replac resen exchang another upgrad discount voucher coupon",
    "booking": "book reserv appointment schedul callback",
    "account": "account order subscription plan",
}
"Beginnings of the words that name the deed."

_STEMS: Final = (
    "refund reimburs credit cancel chang updat reset send sent issu process approv creat open book submit "
    "initiat schedul reserv replac forward verif start complet confirm redirect rerout mak made do did giv "
    "gave arrang delet clos notif escalat inform contact put set get got grant appl add remov fix resolv "
    "took tak call email"
)
"Beginnings of the verbs with which deeds are claimed."


def _beginnings(words: str) -> str:
    return f"(?:{'|'.join(words.split())})\\w*"


_ADVERB = (
    r"(?: (?:now|just|already|also|successfully|gladly|then|been|being|currently|immediately|going to))*"
)
_FIRST_PERSON = re.compile(
    rf"\b(?:i|we)(?:'ve|'ll|'m|'re| have| am| are| will| can confirm)?{_ADVERB}"
    rf"(?: (?:went|gone|going) ahead and)? {_beginnings(_STEMS)}"
)
_PASSIVE = re.compile(
    rf"(?:\b(?:is|are|was|were|has|have|will be|been|being|gets?|got)|'s){_ADVERB} "
    rf"(?:{_beginnings(_STEMS)}|on (?:its|the) way|underway|in progress)"
)
_DENIAL = re.compile(
    r"\b(?:can't|cannot|can not|could not|couldn't|haven't|have not|not able|unable|won't|will not|didn't"
    r"|did not|isn't|is not|hasn't|has not|wasn't|not been|nothing|neither|nor|never"
    r"|no(?! (?:problem|worries|doubt))|(?:don't|do not)(?! (?:worry|hesitate)))\b"
)
_CLAUSE_END = re.compile(r"[,;:–—]| but | - ")
_CONDITION = re.compile(r"\b(?:if|once|after|when|until|unless|before|in case|as soon as|to be)\b")
_OFFER = re.compile(
    r"^(?:would|shall|should|do|can|could|may|are|is|did|have|has|what|which|how|when|where|who)\b"
)
_BARE_DONE = re.compile(
    r"^(?:(?:ok|okay|sure|great|yes|alright|all right|perfect|certainly|of course),? )*"
    r"(?:it's |it is |that's |all |consider it )?"
    r"(?:done|all set|set|taken care of|refunded|cancell?ed|completed)\b"
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_NAMED = {deed: re.compile(rf"\b{_beginnings(words)}") for deed, words in _DEEDS.items()}


def unproven(text: str, tools_with_receipt: Collection[str]) -> list[str]:
    """The deeds that `text` claims and no receipt of this session proves; `done` stands for a bare "done"."""
    receipts = set(tools_with_receipt)
    claimed = [
        deed
        for sentence in _SENTENCE.findall(text.lower().replace("’", "'"))
        for deed in _claimed(sentence.strip())
    ]
    return [
        deed
        for deed in dict.fromkeys(claimed)
        if not (receipts if deed == "done" else PROOF[deed] & receipts)
    ]


def _claimed(sentence: str) -> list[str]:
    """The deeds that one sentence says were or will be done."""
    if sentence.endswith("?") or _OFFER.match(sentence):
        return []
    # "I can't refund that, but I have cancelled it": a denial covers its own clause only.
    sentence = ",".join(
        clause for clause in _CLAUSE_END.split(sentence) if not _DENIAL.search(clause)
    ).strip()
    if _BARE_DONE.match(sentence):
        return ["done"]
    ours = _FIRST_PERSON.search(sentence)
    if not ours and (not _PASSIVE.search(sentence) or _CONDITION.search(sentence)):
        return []
    named = [deed for deed, words in _NAMED.items() if words.search(sentence)]
    # "I cancelled your order" is about the cancellation; the order only says what of.
    return [deed for deed in named if deed != "account"] or named
