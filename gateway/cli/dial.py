"""`warmline dial`: have a running gateway call a number, and see how it goes.

Ctrl-C ends the call. Exit codes: 0 the call was answered and is over, 1 nobody took it, 2 wrong usage (no
operators' token, a number that may not be dialled), 69 the gateway cannot be reached or has no telephone,
130 interrupted.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from gateway import config
from gateway.config import ConfigError

FAILED = 1
WRONG_USAGE = 2
UNAVAILABLE = 69
"EX_UNAVAILABLE of sysexits.h."
INTERRUPTED = 130
LOOK_EVERY_S = 0.5
ANSWER_S = 15.0
"For each answer of the gateway."

STATES = {
    "dialling": "dialling",
    "ringing": "it rings",
    "talking": "answered; the bot talks",
    "transferring": "being moved on to another number",
    "ended": "over",
}

Tell = Callable[[dict[str, Any]], None]
"Shown the call whenever its state has changed."


class Refused(Exception):
    """The gateway would not; `code` is the exit code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, and by whom."""

    url: str
    token: str
    body: dict[str, Any]


def dial(
    number: Annotated[
        str, typer.Argument(help="The number or name to call; `telephone.dial` must allow it.")
    ],
    url: Annotated[str, typer.Option(help="The gateway.")] = "http://127.0.0.1:8080",
    file: Annotated[
        Path | None,
        typer.Option(
            "--config", help="YAML file with `http.api_token`; else ./warmline.yaml.", dir_okay=False
        ),
    ] = None,
    trunk: Annotated[str | None, typer.Option(help="Go out through this trunk.")] = None,
    say: Annotated[str | None, typer.Option(help="Said first, instead of the greeting.")] = None,
    message: Annotated[
        str | None, typer.Option(help="Left on an answering machine; else we hang up on one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Have the gateway call a number; the bot talks with whoever answers."""
    errors, screen = Console(stderr=True), Console()
    given = {"to": number, "trunk": trunk, "opening": say, "message": message}
    body = {key: value for key, value in given.items() if value is not None}

    def tell(call: dict[str, Any]) -> None:
        if as_json:
            typer.echo(json.dumps(call, ensure_ascii=False))
        else:
            reason = f": {call['reason']}" if call["reason"] else ""
            screen.print(f"{call['call']}  {STATES[call['state']]}{reason}", highlight=False, markup=False)

    try:
        order = Order(url.rstrip("/"), _token(file), body)
        call = asyncio.run(carry_out(order, tell))
    except Refused as fault:
        raise _end(errors, str(fault), fault.code) from fault
    except httpx.TransportError as fault:
        text = f"{url} cannot be reached: {fault or type(fault).__name__}"
        raise _end(errors, text, UNAVAILABLE) from fault
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if call["code"] is not None and call["code"] >= 300:
        raise typer.Exit(FAILED)


async def carry_out(
    order: Order, tell: Tell, transport: httpx.AsyncBaseTransport | None = None
) -> dict[str, Any]:
    """Place the call and follow it to its end; cancelled, the call is ended too. Gives the call as it ended.

    `transport`: how the gateway is reached, if not over the network. Raises `Refused` and
    `httpx.TransportError`.
    """
    reached = httpx.AsyncClient(
        base_url=order.url,
        headers={"authorization": f"Bearer {order.token}"},
        timeout=ANSWER_S,
        transport=transport,
    )
    async with reached as http:
        placed = _body(await http.post("/api/calls", json=order.body))
        placed.pop("token")
        path = f"/api/calls/{placed['call']}"
        try:
            return await _follow(http, path, placed, tell)
        except asyncio.CancelledError:
            await http.delete(path)
            raise


async def _follow(http: httpx.AsyncClient, path: str, call: dict[str, Any], tell: Tell) -> dict[str, Any]:
    tell(call)
    while call["state"] != "ended":
        await asyncio.sleep(LOOK_EVERY_S)
        before, call = call["state"], _body(await http.get(path))
        if call["state"] != before:
            tell(call)
    return call


def _token(file: Path | None) -> str:
    try:
        token = config.load(file).http.api_token
    except ConfigError as error:
        raise Refused(WRONG_USAGE, str(error)) from error
    if token is None:
        text = "no operators' token: set `http.api_token` (WARMLINE_HTTP__API_TOKEN), as the gateway has it"
        raise Refused(WRONG_USAGE, text)
    return token.get_secret_value()


def _body(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object. Raises `Refused` with what the gateway says."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.is_success and isinstance(body, dict):
        return body
    message = body["error"]["message"] if isinstance(body, dict) and "error" in body else response.text[:200]
    if response.status_code == 405:  # the pages are there, and no such route
        message = "there are no routes for operators here, it has no `http.api_token`"
    unavailable = response.status_code >= 500
    raise Refused(UNAVAILABLE if unavailable else WRONG_USAGE, f"the gateway says: {message}")


def _end(console: Console, text: str, code: int) -> typer.Exit:
    console.print(text, style="red", highlight=False, soft_wrap=True, markup=False)
    return typer.Exit(code)
