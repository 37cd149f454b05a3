import pytest

from knowledge.passage import Match
from pipelines.agent.grounded import SURE, Finding, Grounded
from pipelines.agent.language_model import LanguageModel
from pipelines.answer import Basis
from pipelines.facts import Channel, Trouble
from tests import virtual_time
from tests.fakes.customer import Reply, collected
from tests.fakes.scripted_model import Reply as Script
from tests.fakes.scripted_model import ScriptedModel, disconnect, hang, status, text
from tests.pipelines.agent.stage import SHOP, Shelf, inline, match, model_of

LEAD = "You have 30 days from delivery to return an item. It must be unworn. Keep the box. It costs $5. Bye."
DETAIL = "Tents can be returned if they were never pitched outside. A pitched tent costs 20 percent."
QUESTION = "how long for a return"


def answered(*matches: Match, script: ScriptedModel | None = None, channel: Channel = "chat") -> Reply:
    async def main() -> Reply:
        model: LanguageModel | None = model_of(script) if script else None
        grounded = Grounded(SHOP, Shelf({"return": list(matches)}), inline, model)
        finding = await grounded.find(QUESTION)
        assert finding.covered
        return await collected(grounded.answer(finding, channel), lambda fact: None)

    return virtual_time.run(main())


def cited(reply: Reply) -> list[str]:
    return [each.passage_id for each in reply.basis.citations]


def test_a_sure_passage_is_quoted_with_its_source_and_no_model_is_asked() -> None:
    script = ScriptedModel()
    reply = answered(match(LEAD, SURE), match(DETAIL, 0.6, article="details"), script=script)
    assert reply.text == LEAD.removesuffix(" Bye.")
    assert cited(reply) == ["return-policy/1"]
    assert isinstance(reply.pieces[0], Basis), "what it rests on is known before the first word"
    assert script.requests == []


def test_by_voice_it_is_shorter() -> None:
    reply = answered(match(LEAD, 0.9), channel="voice")
    assert reply.text == "You have 30 days from delivery to return an item. It must be unworn."


def test_a_direct_answer_goes_before_a_detail_that_fits_a_little_better() -> None:
    reply = answered(match(DETAIL, 0.85, lead=False, article="details"), match(LEAD, 0.75))
    assert cited(reply) == ["return-policy/1"]


@pytest.mark.parametrize("matches", [[], [match(LEAD, 0.49)]])
def test_what_no_passage_surely_answers_is_not_covered(matches: list[Match]) -> None:
    finding = Finding(QUESTION, matches)
    assert not finding.covered
    assert not finding.certain


def test_a_detail_is_phrased_by_the_model_from_the_passages_alone() -> None:
    script = ScriptedModel()
    script.will(text("Only if it was never pitched. A pitched one costs twenty percent."))
    reply = answered(match(DETAIL, 0.9, lead=False), match("Unrelated.", 0.3), script=script)
    assert reply.text == "Only if it was never pitched.A pitched one costs twenty percent."
    assert DETAIL in script.requests[0].user and QUESTION in script.requests[0].user
    assert "Unrelated." not in script.requests[0].user
    assert cited(reply) == ["return-policy/1"]


@pytest.mark.parametrize(
    "words",
    [
        "You have 60 days.",
        "A pitched tent costs fifty percent.",
        "Returns are open until Monday.",
        "I don't know that, sorry.",
    ],
)
def test_figures_that_are_in_no_passage_are_not_said_but_the_passage_is(words: str) -> None:
    script = ScriptedModel(otherwise=text(words))
    reply = answered(match(DETAIL, 0.9, lead=False), script=script)
    assert reply.text == f"Here is what I found: {DETAIL}"
    assert cited(reply) == ["return-policy/1"]


def test_a_bare_yes_is_said_with_its_reason_or_not_at_all() -> None:
    reason = "Yes. It must not have been pitched."
    detail = match(f"Yes. {DETAIL}", 0.9, lead=False)
    assert answered(detail, script=ScriptedModel(otherwise=text(reason))).text == reason
    bare = answered(detail, script=ScriptedModel(otherwise=text("Yes.")))
    assert bare.text == f"Here is what I found: Yes. {DETAIL}"


def test_a_yes_or_no_that_no_passage_says_is_not_said() -> None:
    script = ScriptedModel(otherwise=text("No, you cannot do that with a tent."))
    assert answered(match(DETAIL, 0.9, lead=False), script=script).text == f"Here is what I found: {DETAIL}"


def test_an_invented_figure_ends_an_answer_that_began_well() -> None:
    script = ScriptedModel(otherwise=text("Only if never pitched. Else it costs 99 dollars. Fine."))
    assert answered(match(DETAIL, 0.9, lead=False), script=script).text == "Only if never pitched."


def test_a_sentence_that_began_well_and_ends_in_an_invented_figure_is_followed_by_the_passage() -> None:
    script = ScriptedModel(otherwise=text("A pitched tent can go back, for a fee of 99 dollars."))
    reply = answered(match(DETAIL, 0.9, lead=False), script=script)
    assert reply.text == f"A pitched tent can go back,Here is what I found: {DETAIL}"


def twice(first: list[Match], then: list[Match], *replies: Script, question: str = QUESTION) -> list[str]:
    """The answers to one question asked twice of one agent."""

    async def main() -> list[str]:
        script, shelf = ScriptedModel(), Shelf({"return": first})
        script.will(*replies)
        grounded = Grounded(SHOP, shelf, inline, model_of(script))
        texts = []
        for matches in (first, then):
            shelf.passages["return"] = matches
            finding = await grounded.find(question)
            texts.append((await collected(grounded.answer(finding, "voice"), lambda fact: None)).text)
        return texts

    return virtual_time.run(main())


DETAILS = [match(DETAIL, 0.9, lead=False)]


def test_an_answer_that_was_phrased_before_is_said_from_memory() -> None:
    once = text("Only if it was never pitched, that is.")
    assert len(set(twice(DETAILS, DETAILS, once, status(500)))) == 1


def test_once_the_article_says_something_else_the_answer_is_phrased_anew() -> None:
    changed = [match("Tents can never be returned.", 0.9, lead=False)]
    assert twice(DETAILS, changed, text("Only if unpitched."), text("They never can.")) == [
        "Only if unpitched.",
        "They never can.",
    ]


@pytest.mark.parametrize("words", ["A pitched tent can go back, for 99 dollars.", "I don't know."])
def test_what_could_not_be_said_whole_is_not_remembered(words: str) -> None:
    assert twice(DETAILS, DETAILS, text(words), text("Only if unpitched."))[1] == "Only if unpitched."


def test_a_question_with_a_number_is_not_remembered() -> None:
    replies = text("Only if unpitched."), text("If never pitched.")
    assert len(set(twice(DETAILS, DETAILS, *replies, question="may I return 10437"))) == 2


@pytest.mark.parametrize("trouble", [status(500), hang(), disconnect(), text("")])
def test_without_a_model_that_answers_the_passage_is_quoted_and_the_trouble_is_told(trouble: Script) -> None:
    reply = answered(match(DETAIL, 0.9, lead=False), script=ScriptedModel(otherwise=trouble))
    assert reply.text == f"Here is what I found: {DETAIL}"
    assert [fact.code.startswith("model_") for fact in reply.facts(Trouble)] == [True]


def test_a_model_that_never_stops_is_stopped() -> None:
    script = ScriptedModel(otherwise=text("Never pitched. " * 50))
    reply = answered(match(DETAIL, 0.9, lead=False), script=script, channel="voice")
    assert reply.text.count("Never pitched.") == 2
