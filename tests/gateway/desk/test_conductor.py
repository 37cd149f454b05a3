import inspect

import pytest

from gateway.desk.conductor import Conductor
from gateway.handoff.conducting import Conducting
from tests.fakes.scripted_conductor import ScriptedConductor

METHODS = [name for name, each in vars(Conductor).items() if inspect.isfunction(each) and name[0] != "_"]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("conductor", [Conducting, ScriptedConductor])
def test_whatever_the_desk_asks_is_answered(conductor: type, name: str) -> None:
    wanted = inspect.signature(getattr(Conductor, name)).parameters
    given = inspect.signature(getattr(conductor, name)).parameters
    assert list(given) == list(wanted)
    assert inspect.iscoroutinefunction(getattr(conductor, name))
