"""Whisper on short windows: what is believed and cut; and the real model."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.transcript import Decoded
from pipelines.whisper import (
    Whisper,
    WhisperSettings,
    believable,
    compression,
    counts,
    cut_repeats,
    echoes,
    suspicious,
    window_s,
)


@pytest.mark.parametrize(
    ("seconds", "window"),
    [
        (0.3, 10),
        (1.4, 10),
        (1.5, 8),
        (7.0, 8),
        (7.1, 10),
        (9.0, 10),
        (9.1, 15),
        (14.0, 15),
        (14.1, 30),
        (29.0, 30),
        (40.0, 30),
    ],
)
def test_takes_the_first_window_that_leaves_a_second_over_and_a_long_one_for_a_word(
    seconds: float, window: int
) -> None:
    assert window_s(seconds) == window


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Where is my order? Where is my order?", "Where is my order?"),
        ("Where is my order. where is my order", "Where is my order."),
        ("No. No. No.", "No. No. No."),
        (
            "I want a refund. It is broken. I want a refund.",
            "I want a refund. It is broken. I want a refund.",
        ),
        ("Press 1 for help, 2 to start over. Press 1", "Press 1 for help, 2 to start over."),
        ("Bluetooth mobile. Bluetooth mobile. Bluetooth mobile. Bluetooth", "Bluetooth mobile."),
        ("Press 1 for help. Press 1.", "Press 1 for help. Press 1."),
        ("Press 1 for help. Press", "Press 1 for help. Press"),
        ("Where is it? I want", "Where is it? I want"),
        ("I want", "I want"),
        ("", ""),
    ],
)
def test_a_sentence_said_twice_in_a_row_is_cut(text: str, cut: str) -> None:
    assert cut_repeats(text) == cut


@pytest.mark.parametrize(
    ("decoded", "believed"),
    [
        (Decoded("Where is my order?", -0.2, 0.01, 10), True),
        (Decoded("Thank you.", -0.2, 0.05, 10), True),
        (Decoded("Thank you.", -0.8, 0.05, 10), False),
        (Decoded("Thanks for watching!", -0.3, 0.5, 10), False),
        (Decoded("I'm going to put the oil in the pan.", -1.5, 0.85, 30), False),
        (Decoded("The customer calls a delivery or an address.", -1.2, 0.45, 10), False),
        (Decoded("video", -1.3, 0.1, 10), False),
        (Decoded("Stop!", -0.72, 0.09, 10), True),
        (Decoded("...", -0.9, 0.1, 10), False),
    ],
)
def test_does_not_believe_what_whisper_makes_of_noise(decoded: Decoded, believed: bool) -> None:
    assert believable(decoded) is believed


def test_decodes_again_what_repeats_itself_or_is_unsure_but_not_noise() -> None:
    assert suspicious(Decoded("and the " * 30, -0.2, 0.01, 10))
    assert suspicious(Decoded("mumble", -1.2, 0.1, 10))
    assert not suspicious(Decoded("mumble", -1.2, 0.9, 10))
    assert not suspicious(Decoded("Where is my order?", -0.3, 0.01, 10))
    assert compression("") == 0.0


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("A customer calls an order.", True),
        ("A refund.", True),
        ("The customer calls an order and a shop.", True),
        ("I want a refund.", False),
        ("", False),
    ],
)
def test_knows_an_echo_of_its_hot_words(text: str, echo: bool) -> None:
    assert echoes(text, "A customer calls a shop about an order, a refund.") is echo


@pytest.mark.parametrize(
    ("text", "counting"),
    [
        ("0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9", True),
        ("5, 6, 7.", True),
        ("7, 8, 7, 8, 7, 8, 7, 8", True),
        ("7.", False),
        ("1, 0, 4, 3, 7.", False),
        ("10437", False),
        ("1 or 2", False),
        ("Yes.", False),
        ("", False),
    ],
)
def test_knows_when_whisper_only_goes_on_counting(text: str, counting: bool) -> None:
    assert counts(text) is counting


@pytest.mark.models
@pytest.mark.timeout(120)
@pytest.mark.parametrize("hot_words", ["", "A customer calls a shop about an order, a refund, a return."])
def test_the_real_model_hears_nothing_in_silence_and_noise(models_folder: Path, hot_words: str) -> None:
    whisper = Whisper(WhisperSettings(models_folder / "whisper-base", hot_words=hot_words))
    rng = np.random.default_rng(3)
    sounds = [np.zeros(32_000), rng.normal(0, 0.002, 48_000), rng.normal(0, 0.05, 32_000)]
    sounds += [np.zeros(16_000), rng.normal(0, 0.05, 12_000)]
    for sound in sounds:
        decoded = whisper.decode(sound.astype(np.float32))
        assert not believable(decoded), decoded


@pytest.mark.models
@pytest.mark.timeout(120)
def test_the_real_model_writes_nothing_down_that_nobody_wants(models_folder: Path) -> None:
    whisper = Whisper(WhisperSettings(models_folder / "whisper-base"))
    looked: list[str] = []

    def wanted() -> bool:
        looked.append("looked")
        return False

    noise = np.random.default_rng(3).normal(0, 0.05, 48_000).astype(np.float32)
    assert whisper.decode(noise, wanted).text == ""
    assert looked
