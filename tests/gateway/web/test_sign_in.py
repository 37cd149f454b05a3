"""The desk's door over HTTP."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel

from gateway.accounts.desk_session import ABSOLUTE_S, IDLE_S
from gateway.accounts.permissions import Action, allowed
from gateway.web.attempts import AT_ONE_NAME, WINDOW_S
from gateway.web.errors import Refused, answer_errors
from gateway.web.sign_in import COOKIE, Me, PasswordWish, SignInWish, require, signed_in
from tests.gateway.accounts.door import ALEX, SAM
from tests.gateway.web.desk_door import World, code, run

NEW = "another long password"


WIRE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text()


@pytest.mark.parametrize(("name", "model"), [("sign_in", SignInWish), ("me", Me), ("password", PasswordWish)])
def test_the_wire_page_shows_what_is_sent(name: str, model: type[BaseModel]) -> None:
    [example] = re.findall(rf"```json {name}\n(.*?)```", WIRE, re.DOTALL)
    shown = json.loads(example)
    read = model.model_validate(shown)
    assert set(shown) == set(model.model_fields) and read


def test_a_person_signs_in_is_known_and_signs_out() -> None:
    async def test(the: World) -> None:
        assert code(await the.me()) == (401, "not_signed_in")
        answer = await the.post("sign-in", name="Alex", password=ALEX)
        assert answer.status_code == 200
        agent = answer.json()["agent"]
        assert (agent["name"], agent["sign_in_name"], agent["role"]) == ("Alex", "alex", "agent")
        assert agent["agent_id"].startswith("a_")
        assert agent["capacity"] == {"voice": 1, "chat": 3}
        assert answer.json()["may"] == [action.value for action in allowed("agent")]
        assert (await the.me()).json() == answer.json()
        token = the.http.cookies[COOKIE]
        out = await the.post("sign-out")
        assert (out.status_code, the.http.cookies.get(COOKIE)) == (204, None)
        the.http.cookies.set(COOKIE, token)
        assert code(await the.me()) == (401, "not_signed_in"), "the token is worth nothing any more"

    run(test)


def test_scripts_other_sites_and_caches_do_not_get_the_sign_in() -> None:
    async def test(the: World) -> None:
        answer = await the.post("sign-in", name="alex", password=ALEX)
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
        assert f"Max-Age={int(ABSOLUTE_S)}" in cookie and "Domain" not in cookie
        assert "Secure" not in cookie, "on loopback there is no TLS"
        for response in (answer, await the.me(), await the.post("sign-in", name="alex", password="wrong")):
            assert response.headers["cache-control"] == "no-store"
            assert "default-src 'none'" in response.headers["content-security-policy"]
        assert the.http.cookies[COOKIE] not in answer.text

    run(test)


@pytest.mark.parametrize(
    ("listening", "url"),
    [
        ("0.0.0.0", "http://desk.example"),
        ("203.0.113.1", "https://desk.example"),
        ("127.0.0.1", "https://localhost"),
    ],
)
def test_beyond_this_machine_the_cookie_goes_over_tls_only(listening: str, url: str) -> None:
    async def test(the: World) -> None:
        answer = await the.post("sign-in", name="alex", password=ALEX)
        assert "Secure" in answer.headers["set-cookie"]
        out = await the.post("sign-out")
        assert "Secure" in out.headers["set-cookie"]

    run(test, listening, url)


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"name": "alex", "password": SAM}, 401, "wrong_credentials"),
        ({"name": "nobody", "password": ALEX}, 401, "wrong_credentials"),
        ({"name": "' OR '1'='1' --", "password": ALEX}, 401, "wrong_credentials"),
        ({"name": "alex\x00", "password": ALEX}, 401, "wrong_credentials"),
        ({"name": "x" * 65, "password": ALEX}, 422, "invalid_message"),
        ({"name": "x" * 100_000, "password": ALEX}, 422, "invalid_message"),
        ({"name": "alex", "password": "x" * 257}, 422, "invalid_message"),
        ({"name": "alex", "password": ""}, 422, "invalid_message"),
        ({"name": "alex"}, 422, "invalid_message"),
        ({"name": ["alex"], "password": ALEX}, 422, "invalid_message"),
        ({"name": {"$ne": None}, "password": {"$ne": None}}, 422, "invalid_message"),
        ({"name": 1, "password": True}, 422, "invalid_message"),
        ({"name": "alex", "password": ALEX, "role": "admin"}, 422, "invalid_message"),
        ([], 422, "invalid_message"),
        ("alex", 422, "invalid_message"),
    ],
)
def test_whatever_is_sent_instead_gets_an_error_and_no_way_in(body: Any, status: int, expected: str) -> None:
    async def test(the: World) -> None:
        answer = await the.http.post("/api/desk/sign-in", json=body)
        assert code(answer) == (status, expected)
        assert "set-cookie" not in answer.headers
        assert SAM not in answer.text and ALEX not in answer.text

    run(test)


def test_a_form_of_another_site_is_no_sign_in() -> None:
    async def test(the: World) -> None:
        form = await the.http.post("/api/desk/sign-in", data={"name": "alex", "password": ALEX})
        assert form.status_code == 422
        headers = {"content-type": "text/plain"}
        content = f'{{"name": "alex", "password": "{ALEX}"}}'
        plain = await the.http.post("/api/desk/sign-in", content=content, headers=headers)
        assert plain.status_code == 422

    run(test)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "sign-in"), ("POST", "sign-out"), ("GET", "me"), ("POST", "password")],
)
def test_pages_of_other_origins_may_do_nothing_here(method: str, path: str) -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="alex", password=ALEX)
        body = {"password": {"current": ALEX, "new": NEW}}.get(path, {"name": "alex", "password": ALEX})
        headers = {"origin": "https://evil.example"}
        answer = await the.http.request(
            method, f"/api/desk/{path}", json=body if method == "POST" else None, headers=headers
        )
        assert code(answer) == (403, "origin_not_allowed")
        assert (await the.me()).status_code == 200

    run(test)


def test_who_is_wrong_too_often_waits_and_then_comes_in() -> None:
    async def test(the: World) -> None:
        for written in ("alex", "ALEX", " alex", "ａｌｅｘ", "Alex\n"):
            wrong = await the.post("sign-in", name=written, password="wrong")
            assert code(wrong) == (401, "wrong_credentials")
        answer = await the.post("sign-in", name=" ALEX ", password=ALEX)
        assert code(answer) == (429, "too_many_tries")
        assert answer.headers["retry-after"] == str(int(WINDOW_S) + 1)
        assert answer.json()["error"]["retry"] is True
        assert (await the.post("sign-in", name="sam", password=SAM)).status_code == 200
        await asyncio.sleep(WINDOW_S)
        assert (await the.post("sign-in", name="alex", password=ALEX)).status_code == 200

    run(test)


def test_names_that_nobody_has_are_counted_alike() -> None:
    async def test(the: World) -> None:
        for _ in range(AT_ONE_NAME):
            assert code(await the.post("sign-in", name="nobody", password="wrong")) == (
                401,
                "wrong_credentials",
            )
        assert code(await the.post("sign-in", name="nobody", password="wrong")) == (429, "too_many_tries")

    run(test)


def test_signing_in_right_again_and_again_is_no_reason_to_wait() -> None:
    async def test(the: World) -> None:
        for _ in range(50):
            assert (await the.post("sign-in", name="alex", password=ALEX)).status_code == 200

    run(test)


def test_a_browser_has_one_sign_in() -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="alex", password=ALEX)
        first = the.http.cookies[COOKIE]
        await the.post("sign-in", name="sam", password=SAM)
        assert the.http.cookies[COOKIE] != first
        assert (await the.me()).json()["agent"]["sign_in_name"] == "sam"
        assert len(the.door.store.sessions) == 1

    run(test)


def test_a_disabled_person_is_told_and_a_signed_in_one_is_out() -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="alex", password=ALEX)
        await the.door.accounts.enable("alex", enabled=False)
        assert code(await the.me()) == (401, "not_signed_in")
        assert code(await the.post("sign-in", name="alex", password=ALEX)) == (403, "account_disabled")
        assert code(await the.post("sign-in", name="alex", password=SAM)) == (401, "wrong_credentials")

    run(test)


def test_a_sign_in_that_was_idle_for_half_an_hour_is_over() -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="alex", password=ALEX)
        await asyncio.sleep(IDLE_S - 1)
        assert (await the.me()).status_code == 200
        await asyncio.sleep(IDLE_S)
        assert code(await the.me()) == (401, "not_signed_in")

    run(test)


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5000, "' OR 1=1 --", "%00"])
def test_a_made_up_cookie_opens_nothing(token: str) -> None:
    async def test(the: World) -> None:
        the.http.cookies.set(COOKIE, token)
        assert code(await the.me()) == (401, "not_signed_in")
        assert (await the.post("sign-out")).status_code == 204

    run(test)


def test_a_person_changes_their_password_and_gets_a_new_sign_in() -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="alex", password=ALEX)
        before = the.http.cookies[COOKIE]
        answer = await the.post("password", current=ALEX, new=NEW)
        assert (answer.status_code, answer.json()["agent"]["name"]) == (200, "Alex")
        assert the.http.cookies[COOKIE] != before and (await the.me()).status_code == 200
        the.http.cookies.delete(COOKIE)
        assert code(await the.post("sign-in", name="alex", password=ALEX)) == (401, "wrong_credentials")
        assert (await the.post("sign-in", name="alex", password=NEW)).status_code == 200

    run(test)


def test_a_password_is_changed_only_for_a_good_one_by_who_knows_the_present_one() -> None:
    async def test(the: World) -> None:
        assert code(await the.post("password", current=ALEX, new=NEW)) == (401, "not_signed_in")
        await the.post("sign-in", name="alex", password=ALEX)
        weak = await the.post("password", current=ALEX, new="password1234")
        assert code(weak) == (422, "weak_password") and "tried first" in weak.json()["error"]["message"]
        for _ in range(AT_ONE_NAME):
            assert code(await the.post("password", current=SAM, new=NEW)) == (401, "wrong_credentials")
        assert code(await the.post("password", current=ALEX, new=NEW)) == (429, "too_many_tries")
        assert (await the.me()).status_code == 200

    run(test)


def test_while_the_store_is_down_the_answer_is_to_come_later() -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="alex", password=ALEX)
        the.door.store.down = True
        for answer in (await the.me(), await the.post("sign-in", name="sam", password=SAM)):
            assert code(answer) == (503, "unavailable")

    run(test)


def test_before_the_store_is_open_nobody_comes_in() -> None:
    async def test(the: World) -> None:
        the.at.sign_ins = None
        assert code(await the.post("sign-in", name="alex", password=ALEX)) == (503, "busy")
        assert code(await the.me()) == (503, "busy")

    run(test)


def test_other_routes_ask_who_it_is_and_what_they_may_do() -> None:
    async def test(the: World) -> None:
        app = FastAPI()
        answer_errors(app)

        @app.get("/overview")
        async def overview(request: Request) -> str:
            signed = await signed_in(the.at, request)
            require(signed, Action.SEE_ALL)
            return signed.account.display_name

        people = (("alex", ALEX), ("sam", SAM))
        tokens = [(await the.door.sign_ins.sign_in(*person))[1] for person in people]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
            answers = [
                await http.get("/overview", headers={"cookie": f"{COOKIE}={t}"}) for t in (*tokens, "x")
            ]
        assert code(answers[0]) == (403, "not_allowed")
        assert answers[1].json() == "Sam"
        assert code(answers[2]) == (401, "not_signed_in")

    run(test)


def test_a_refusal_says_which_action_it_was() -> None:
    async def test(the: World) -> None:
        signed, _ = await the.door.sign_ins.sign_in("alex", ALEX)
        require(signed, Action.MESSAGE)
        with pytest.raises(Refused, match="supervise") as raised:
            require(signed, Action.SUPERVISE)
        assert raised.value.status == 403

    run(test)
