from pipelines.agent.definition import Phrases, Spoken
from pipelines.agent.sayings import sayings
from tests.pipelines.agent.stage import SHOP


def test_sentences_without_values_are_sayings_and_begin_with_those_outside_workflows() -> None:
    said = sayings(SHOP)
    assert said[0] == SHOP.phrases.greet.voice
    assert "Okay, I won't refund anything." in said
    assert "What is the order number?" in said
    assert len(said) == len(set(said)) > 45


def test_of_a_sentence_with_a_value_only_what_stands_before_it_is_one() -> None:
    said = sayings(SHOP)
    assert "Shall I cancel order " in said
    assert "Done." in [text.strip() for text in said]
    assert not [text for text in said if "{" in text]
    assert not [text for text in said if text.strip() in ("Order", "I can refund", "")]


def test_the_form_for_the_ear_is_taken() -> None:
    phrases = SHOP.phrases.model_copy(update={"greet": Spoken(voice="Heard.", chat="Read.")})
    assert isinstance(phrases, Phrases)
    said = sayings(SHOP.model_copy(update={"phrases": phrases}))
    assert "Heard." in said and "Read." not in said
