import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.caller_keys import FILE, CallerKeys, secret_of
from pipelines.facts import Unavailable

KEYS = CallerKeys(b"one secret")


def test_a_number_has_one_key_however_a_trunk_writes_it() -> None:
    written = {
        KEYS.of(number) for number in ("+49 30 98765-4", "0049309876 54", "4930987654", "49309876(54)")
    }
    assert len(written) == 1 and None not in written
    assert KEYS.of("+49309876540") not in written


@pytest.mark.parametrize("number", [None, "", "anonymous", "alice", "100", "+", "1" * 30, "٤٩٣٠٩٨٧٦"])
def test_what_tells_nobody_apart_has_none(number: str | None) -> None:
    assert KEYS.of(number) is None


def test_the_key_hides_the_number_and_is_another_elsewhere() -> None:
    key = KEYS.of("+4930987654")
    assert key is not None and len(key) == 64 and "4930" not in key
    assert CallerKeys(b"another").of("+4930987654") != key


def test_the_secret_is_made_once_for_our_eyes_only(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    secret = secret_of(folder, None)
    assert len(secret) == 32 and secret_of(folder, None) == secret
    assert os.stat(folder / FILE).st_mode & 0o777 == 0o600
    assert os.listdir(folder) == [FILE]
    assert secret_of(tmp_path / "other", None) != secret


def test_a_configured_secret_goes_first(tmp_path: Path) -> None:
    assert secret_of(tmp_path / "state", SecretStr("shared by all nodes")) == b"shared by all nodes"
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("text", ["", "not hex", "abcd"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(Unavailable, match=FILE):
        secret_of(tmp_path, None)
