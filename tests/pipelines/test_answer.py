from dataclasses import FrozenInstanceError

import pytest

from pipelines.answer import Answerer, Basis, Say
from pipelines.facts import Cited
from tests.fakes.scripted_answerer import ScriptedAnswerer


def test_pieces_are_values() -> None:
    cited = Cited(passage_id="p", title="Returns", article="return-policy")
    assert Basis("knowledge", (cited,)) == Basis("knowledge", (cited,)) != Basis("model")
    with pytest.raises(FrozenInstanceError):
        Say("words").text = "other words"  # type: ignore[misc]


def test_the_scripted_answerer_of_the_tests_is_an_answerer() -> None:
    answerer: Answerer = ScriptedAnswerer()
    assert answerer.greeting("voice")
