import httpx

from gateway import metrics
from gateway.health import Health, State
from pipelines.facts import Unavailable
from tests.gateway.web.web_world import ask, edge


def test_ready_is_said_only_when_everything_required_is_up() -> None:
    health = Health()
    health.expect("agent")
    health.hope_for("voice")

    async def test(http: httpx.AsyncClient) -> None:
        starting = await http.get("/readyz")
        assert starting.status_code == 503
        assert starting.json()["missing"] == ["agent", "voice"]
        health.report("agent", State.UP)
        health.report("voice", State.DOWN, "a model file is missing; run `warmline models pull`")
        ready = await http.get("/readyz")
        assert ready.status_code == 200
        body = ready.json()
        assert (body["ready"], body["missing"]) == (True, ["voice"])
        assert body["parts"]["voice"]["detail"].endswith("`warmline models pull`")
        health.draining = True
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/healthz")).json() == {"alive": True}

    ask(edge(health), test)


def test_a_gateway_without_a_place_sends_calls_elsewhere_and_keeps_its_chats() -> None:
    health = Health()
    health.expect("agent")
    health.hope_for("voice")
    health.report("agent", State.UP)

    async def test(http: httpx.AsyncClient) -> None:
        assert (await http.get("/readyz/calls")).status_code == 503, "no voice yet"
        health.report("voice", State.UP)
        assert (await http.get("/readyz/calls")).status_code == 200
        health.full = True
        full = await http.get("/readyz/calls")
        assert (full.status_code, full.json()["full"]) == (503, True)
        assert (await http.get("/readyz")).status_code == 200

    ask(edge(health), test)


def test_a_gateway_that_has_no_calls_at_all_is_not_ready_for_them() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        assert (await http.get("/readyz/calls")).status_code == 503

    ask(edge(), test)


def test_a_probe_that_fails_shows() -> None:
    health = Health()
    health.expect("store")

    async def probe() -> None:
        raise Unavailable("the session store failed: gone")

    health.ask("store", probe)

    async def test(http: httpx.AsyncClient) -> None:
        body = (await http.get("/readyz")).json()
        assert body["parts"]["store"] == {
            "state": "down",
            "detail": "the session store failed: gone",
            "required": True,
        }

    ask(edge(health), test)


def test_metrics_are_in_the_format_of_prometheus() -> None:
    metrics.LOOP_LAG.observe(0.001)

    async def test(http: httpx.AsyncClient) -> None:
        answer = await http.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        assert "warmline_event_loop_lag_seconds_bucket" in answer.text

    ask(edge(), test)
