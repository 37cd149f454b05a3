"""The sentences of a briefing, made of its parts and nothing else. [core]

What is left out of the parts for a reader is in none of their sentences, because each is made anew from the
parts that are left.
"""

from collections.abc import Mapping

from pipelines.briefing_parts import Deed, Failure, Packet, Scalar, Told

QUOTED = 160
"Characters of the customer's words in a sentence."
SPOKEN = 225
"Characters that are heard in about 15 s."


def named(values: Mapping[str, Scalar]) -> str:
    """`amount 84.00, order 10523`."""
    return ", ".join(f"{words(key)} {shown(value)}" for key, value in values.items())


def words(key: str) -> str:
    """A key as people say it."""
    return key.removesuffix("_id").replace("_", " ")


def shown(value: Scalar) -> str:
    """A value for the eye: what has a fraction is an amount, and is not rounded."""
    return f"{value:,.2f}" if isinstance(value, float) and value == round(value, 2) else str(value)


def deed_text(tool: str, receipt: str, result: Mapping[str, Scalar]) -> str:
    """What was done, with its receipt."""
    told = {key: value for key, value in result.items() if value != receipt}
    return f"{words(tool).capitalize()}: receipt {receipt}{f' ({named(told)})' if told else ''}"


def failure_text(tool: str | None, code: str, about: str) -> str:
    """What did not work."""
    if tool is None:
        return f"Did not get to the end of it: {about}"
    if code == "unconfirmed":
        return f"{words(tool).capitalize()}: nobody knows whether it was done, the service did not confirm it"
    return f"{words(tool).capitalize()}: {words(code)}"


def limit_text(tool: str, code: str, limit: Mapping[str, Scalar], asked: Mapping[str, Scalar]) -> str:
    """What policy refused, and by which limit."""
    told = "; ".join(filter(None, (named(asked), named(limit))))
    return f"{words(tool).capitalize()} refused: {words(code)}{f' ({told})' if told else ''}"


def summary(packet: Packet) -> tuple[str, str, str]:
    """Who wants what; what has come of it; what to do."""
    return _wanted(packet), _come_of_it(packet), packet.next_best_action


def _wanted(packet: Packet) -> str:
    who, why = packet.who, packet.why
    known = f"verified by {who.method}" if who.verified else "not verified"
    wants = (
        f"wants to {why.intent}" if why.intent else "has written" if who.channel == "chat" else "has called"
    )
    quote = f": “{shortened(why.words, QUOTED)}”" if why.words else "."
    return f"{who.name or 'The customer'} ({known}) {wants}{quote}"


def _come_of_it(packet: Packet) -> str:
    told: list[Told] = [*_deeds(packet), *packet.policy_limits, *packet.failed]
    texts = [each.text for each in told]
    mood = f" They are {packet.sentiment.label}." if packet.sentiment.label in ("negative", "angry") else ""
    return f"{'; '.join(texts[-4:]) if texts else 'Nothing was done yet'}.{mood}"


def next_action(packet: Packet, awaited: str | None, asked: str | None) -> str:
    """What helps most now; `awaited` is what the workflow under way waits for, `asked` its question."""
    upset = packet.sentiment.label in ("negative", "angry")
    return ("They are upset: acknowledge that first. " if upset else "") + _action(packet, awaited, asked)


def _action(packet: Packet, awaited: str | None, asked: str | None) -> str:
    return _mended(packet) or _asked_for(packet, awaited, asked) or _found_out(packet)


def _mended(packet: Packet) -> str | None:
    """What to do about what went wrong."""
    unsure = [each for each in packet.failed if each.code == "unconfirmed"]
    if unsure:
        return f"Check whether this was done before it is done again: {words(unsure[-1].tool or '')}."
    if packet.policy_limits:
        refused = packet.policy_limits[-1]
        decides = "Decide it" if refused.limit else "Explain it or find another way"
        return f"{decides}: {', '.join(filter(None, (words(refused.code), named(refused.asked))))}."
    if packet.failed:
        return _again(packet.failed[-1])
    if packet.who.failed_tries and not packet.who.verified:
        return f"Find out who they are in another way: {packet.who.failed_tries} tries have failed."
    return None


def _asked_for(packet: Packet, awaited: str | None, asked: str | None) -> str | None:
    """What the matter under way, or an open question, waits for."""
    if awaited == "confirmation" and packet.why.intent:
        return f"Get their yes, then {packet.why.intent}."
    if awaited and asked:
        return f"Ask: “{asked}”"
    if packet.open_question is not None and packet.open_question.by == "customer":
        return f"Answer their question: “{shortened(packet.open_question.text, QUOTED)}”"
    return None


def _found_out(packet: Packet) -> str:
    """What to begin with where nothing waits."""
    why = packet.why
    if why.intent == TALK and not why.earlier:
        return "Ask what it is about: they have only asked for a person."
    if why.intent and why.intent != TALK:
        return f"Help them to {why.intent}."
    if why.words and not why.intent:
        return "Find out what they mean: nobody has understood it."
    return "Ask what else they need." if _deeds(packet) or why.earlier else "Ask what they need."


def _deeds(packet: Packet) -> list[Deed]:
    return [deed for deed in packet.done if not deed.note]


TALK = "talk to a person"
"The intent of somebody who says no more than that."


def _again(failure: Failure) -> str:
    if failure.tool is None:
        return f"Take it up where the bot got stuck: {lowered(failure.text)}."
    return f"Try again, or by hand: {words(failure.tool)} did not work ({words(failure.code)})."


def spoken(packet: Packet) -> str:
    """For the ear, in about 15 s: who, what, what came of it, what to do; what is too long is left out."""
    who, why = packet.who, packet.why
    first = f"{who.name or 'A customer'}, {'verified' if who.verified else 'not verified'}"
    wants = f", wants to {why.intent}." if why.intent else "."
    told: list[Told] = [*_deeds(packet)[-1:], *packet.policy_limits[-1:], *packet.failed[-1:]]
    rest = [f"{each.text}." for each in told]
    if not rest and packet.facts:
        rest = [f"{words(key).capitalize()} {' '.join(value)}." for key, value in _ids(packet)][:1]
    text = first + wants
    for sentence in [*rest, packet.next_best_action]:
        if len(text) + 1 + len(sentence) <= SPOKEN:
            text = f"{text} {sentence}"
    return shortened(text, SPOKEN)


def _ids(packet: Packet) -> list[tuple[str, str]]:
    ids = [(each.key, str(each.value)) for each in packet.facts if each.key.endswith("_id")]
    return [(key, value) for key, value in ids if value.isalnum()]


def shortened(text: str, most: int) -> str:
    """At most so many characters, cut between words."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0]}…"


def lowered(text: str) -> str:
    """For the middle of a sentence."""
    return text[:1].lower() + text[1:]
