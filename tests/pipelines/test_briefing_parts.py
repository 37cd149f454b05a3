import pytest
from pydantic import ValidationError

from pipelines.briefing_parts import Packet, Who, scalars


def test_scalars_are_what_is_one_thing_and_says_something() -> None:
    values = {"a": 1, "b": "x", "c": None, "d": "", "j": " :", "e": [1], "f": {"g": 1}, "h": 2.5, "i": False}
    assert scalars(values) == {"a": 1, "b": "x", "h": 2.5}


def test_a_packet_is_a_value_that_survives_the_wire() -> None:
    packet = Packet(who=Who(name="Maya", channels=("chat", "voice"), claims={"caller": "+49"}))
    assert Packet.model_validate_json(packet.model_dump_json()) == packet
    with pytest.raises(ValidationError):
        packet.language = "de"
    with pytest.raises(ValidationError):
        Packet.model_validate({"unheard_of": 1})
