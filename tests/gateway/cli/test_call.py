"""`warmline call`: exit codes, and whole calls with a scripted gateway over real HTTP and WebRTC."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli import sound_file
from gateway.cli.call import CallRefused, Transcript, _body, call
from tests.contracts.leg import loud, tone
from tests.fakes.scripted_gateway import scripted_gateway

ROOT = Path(__file__).parents[3]

app = typer.Typer()
app.command()(call)


@pytest.fixture
def question(tmp_path: Path) -> Path:
    path = tmp_path / "question.wav"
    sound_file.write(path, b"".join(frame.pcm for frame in tone(25, hertz=300)))
    return path


def warmline_call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.interop
@pytest.mark.timeout(120)
def test_every_question_is_answered_recorded_and_measured(question: Path, tmp_path: Path) -> None:
    out = tmp_path / "reply.wav"
    with scripted_gateway() as url:
        result = warmline_call(url, "--wav", question, "--wav", question, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    summary = lines[-1]
    assert (summary["type"], summary["outcome"], summary["session"]) == ("call.summary", "completed", "s_1")
    assert summary["greeting"] == "Hello."
    assert [e["said"] for e in summary["exchanges"]] == ["Question 1", "Question 2"]
    assert [e["reply"] for e in summary["exchanges"]] == ["Answer 1.", "Answer 2."]
    for exchange in summary["exchanges"]:
        assert exchange["latency"]["first_audio_ms"] == 310
        assert 250 <= exchange["voice_to_voice_ms"] <= 5_000, "300 ms of the script, and the way"
    assert sum(loud(frame) for frame in sound_file.read(out)) >= 24, "a greeting and two answers were heard"


@pytest.mark.interop
@pytest.mark.timeout(120)
def test_people_can_read_along(question: Path) -> None:
    with scripted_gateway() as url:
        result = warmline_call(url, "--wav", question)
    assert result.exit_code == 0, result.output
    assert [line for line in result.stdout.splitlines() if not line.startswith(" ")] == [
        "bot  Hello.",
        "you  Question 1",
        "bot  Answer 1.",
    ]
    assert "voice to voice" in result.stdout


@pytest.mark.interop
@pytest.mark.timeout(120)
def test_a_question_that_is_never_answered_fails_the_call(tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    sound_file.write(silent, bytes(6_400))
    with scripted_gateway() as url:
        result = warmline_call(url, "--wav", silent, "--timeout", "2", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout.splitlines()[-1])["reason"] == "no answer within 2 s"


@pytest.mark.interop
@pytest.mark.timeout(120)
def test_a_caller_who_is_turned_away_is_told_why(question: Path) -> None:
    with scripted_gateway(full=True) as url:
        result = warmline_call(url, "--wav", question, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout.splitlines()[-1])["reason"] == "All lines are busy."


@pytest.mark.interop
@pytest.mark.timeout(120)
def test_interrupting_hangs_up_politely_and_keeps_what_was_heard(question: Path, tmp_path: Path) -> None:
    out = tmp_path / "reply.wav"
    # Whoever starts tests in the background has them ignore Ctrl-C, which their children inherit.
    heedful = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heedful}; import typer; from gateway.cli.call import call; typer.run(call)"
    with scripted_gateway() as url:
        many = ["--wav", str(question)] * 20
        command = [sys.executable, "-c", program, url, *many, "--out", str(out), "--json"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ) as process:
            assert process.stdout is not None
            while b"reply.done" not in process.stdout.readline():
                pass
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read().decode().splitlines()
            assert process.wait(10) == 130
    assert json.loads(rest[-1])["outcome"] == "interrupted"
    assert out.stat().st_size > 44


@pytest.mark.interop
def test_a_gateway_without_a_free_line_says_so(question: Path) -> None:
    with scripted_gateway(lines=0) as url:
        result = warmline_call(url, "--wav", question)
    assert result.exit_code == 1
    assert "did not take the call" in result.stderr


def test_a_gateway_that_is_not_there_is_unavailable(question: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = warmline_call(url, "--wav", question)
    assert result.exit_code == 69
    assert "cannot be reached" in result.stderr


def test_a_file_that_is_not_audio_is_wrong_usage(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    result = warmline_call("--wav", notes)
    assert result.exit_code == 2
    assert "notes.txt" in result.stderr


def test_without_a_file_and_without_a_microphone_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    result = warmline_call()
    assert result.exit_code == 2
    assert "warmline[microphone]" in result.stderr


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more}


def test_a_greeting_is_no_answer() -> None:
    transcript = Transcript()
    transcript.take(event("reply.started"))
    assert not transcript.settled
    transcript.take(event("reply.done", pii={"text": "Hello."}))
    assert (transcript.greeting, transcript.replied, transcript.settled) == ("Hello.", False, True)


def test_a_question_in_two_turns_is_answered_when_the_second_is() -> None:
    transcript = Transcript()
    for part in ("Where is", "my order?"):
        transcript.take(event("turn.customer", pii={"text": part}))
        assert not transcript.replied
        transcript.take(event("tool.finished", tool="look_up_order", outcome="done"))
        transcript.take(
            event("reply.done", pii={"text": "There."}, citations=[{"title": "T", "heading": "H"}])
        )
        assert transcript.replied
    assert transcript.current.said == "Where is my order?"
    assert transcript.current.tools == ["look_up_order: done"] * 2
    assert transcript.current.citations == ["T > H"] * 2


def test_while_the_gateway_thinks_nothing_is_settled() -> None:
    transcript = Transcript()
    for state, settled in (("thinking", False), ("speaking", False), ("listening", True)):
        transcript.take(event("activity", state=state))
        assert transcript.settled is settled


def test_while_a_call_waits_for_its_place_nothing_is_settled() -> None:
    transcript = Transcript()
    transcript.take(event("call.waiting", position=2))
    assert not transcript.settled
    transcript.take(event("call.admitted", waited_ms=10))
    assert transcript.settled


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (httpx.Response(503, json={"error": {"message": "all lines are taken"}}), "all lines are taken"),
        (httpx.Response(404, text="<html>"), "HTTP 404"),
        (httpx.Response(200, text="hello"), "HTTP 200"),
        (httpx.Response(200, json=[1]), "HTTP 200"),
        (httpx.Response(500, json={"error": "plain"}), "HTTP 500"),
    ],
)
def test_an_answer_that_is_none_is_told_in_the_gateways_words_or_ours(
    response: httpx.Response, text: str
) -> None:
    with pytest.raises(CallRefused, match=text):
        _body(response)
