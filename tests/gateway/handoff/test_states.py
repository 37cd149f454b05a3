import dataclasses
from pathlib import Path
from typing import get_args

import pytest

from gateway.handoff.states import Action, Input, State

WIRE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("state", State)
def test_every_state_is_explained_where_clients_look(state: State) -> None:
    assert f"`{state.value}`" in WIRE


@pytest.mark.parametrize("kind", [*get_args(Input), *get_args(Action)])
def test_what_happens_and_what_is_done_are_values(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__hash__ is not None and kind.__doc__
