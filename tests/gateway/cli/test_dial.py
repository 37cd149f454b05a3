"""`warmline dial`: what it shows and how it ends, against the gateway's own routes and a scripted network."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli.dial import Order, Refused, carry_out, dial
from gateway.sip.call_failed import CallFailed
from tests.gateway.web.test_calls import TOKEN, World, run

app = typer.Typer()
app.command()(dial)


def follow(world: World, seen: list[str], token: str = TOKEN, **body: Any) -> "asyncio.Task[dict[str, Any]]":
    order = Order("http://localhost:8080", token, {"to": "100", **body})
    transport = httpx.ASGITransport(world.app)
    carrying = carry_out(order, lambda call: seen.append(call["state"]), transport)
    return asyncio.get_running_loop().create_task(carrying)


def test_every_state_of_the_call_is_shown_once_until_it_is_over() -> None:
    async def test(the: World) -> None:
        seen: list[str] = []
        following = follow(the, seen, opening="Your parcel is here.")
        await asyncio.sleep(6)
        the.lines.leg.leave()
        call = await following
        assert seen == ["dialling", "ringing", "talking", "ended"]
        assert (call["reason"], call["code"]) == ("hung up", None)
        assert "token" not in call

    run(test)


def test_a_busy_line_is_told_with_its_code() -> None:
    async def test(the: World) -> None:
        the.lines.failure = CallFailed(486, "Busy Here")
        seen: list[str] = []
        call = await follow(the, seen)
        assert seen[-1] == "ended"
        assert (call["code"], call["reason"]) == (486, "Busy Here")

    run(test)


def test_whoever_stops_watching_ends_the_call() -> None:
    async def test(the: World) -> None:
        following = follow(the, [])
        await asyncio.sleep(2)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        await asyncio.sleep(0.1)
        assert the.lines.given_up
        assert [call.state for call in the.board.calls()] == ["ended"]

    run(test)


def test_a_wrong_token_and_a_gateway_without_one_are_told_apart() -> None:
    async def wrong(the: World) -> None:
        with pytest.raises(Refused, match="operators' token") as refused:
            await follow(the, [], token="not-the-right-one")
        assert refused.value.code == 2

    async def none(the: World) -> None:
        with pytest.raises(Refused, match="no `http.api_token`"):
            await follow(the, [])

    run(wrong)
    run(none, token=None)


def test_a_gateway_without_a_telephone_is_unavailable() -> None:
    async def test(the: World) -> None:
        the.board.lines = None
        with pytest.raises(Refused, match="telephone") as refused:
            await follow(the, [])
        assert refused.value.code == 69

    run(test)


def warmline_dial(folder: Path, *arguments: str, token: str | None = TOKEN) -> Result:
    file = folder / "warmline.yaml"
    file.write_text(json.dumps({"http": {"api_token": token}} if token else {}))
    return CliRunner().invoke(app, [*arguments, "--config", str(file)])


def test_without_a_token_it_says_where_to_set_one(tmp_path: Path) -> None:
    result = warmline_dial(tmp_path, "100", token=None)
    assert result.exit_code == 2
    assert "http.api_token" in result.output


def test_a_gateway_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = warmline_dial(tmp_path, "100", "--url", "http://127.0.0.1:9")
    assert result.exit_code == 69
    assert "http://127.0.0.1:9 cannot be reached" in result.output
