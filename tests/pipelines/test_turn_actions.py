"""What turn taking may ask for."""

import inspect
from typing import get_args

from pipelines import turn_actions
from pipelines.turn_actions import Action, Following


def test_every_action_is_one_of_the_union_that_the_front_end_has_to_match() -> None:
    defined = {each for _, each in inspect.getmembers(turn_actions, inspect.isclass)}
    assert {each for each in defined if each.__module__ == turn_actions.__name__} == set(get_args(Action))


def test_what_followers_of_the_utterance_are_told_is_a_part_of_it() -> None:
    assert set(get_args(Following)) < set(get_args(Action))
