import pytest

from tools.declaration import Answer, Permit, Tool
from tools.policy import Source, ToolPolicy


async def look(permit: Permit, what: str) -> Answer:
    """Look at something."""
    return Answer()


def test_a_tool_is_named_and_described_by_its_function() -> None:
    assert Tool(look, ToolPolicy()).signature.name == "look"
    assert Tool(look, ToolPolicy(), name="peek").signature.name == "peek"
    assert Tool(look, ToolPolicy()).signature.description == "Look at something."


def test_a_policy_on_an_argument_that_is_not_there_is_found_at_start() -> None:
    with pytest.raises(TypeError, match="order_id"):
        Tool(look, ToolPolicy(sources={"order_id": Source.SAID}))
