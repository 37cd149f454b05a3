import asyncio

from gateway.health import PROBE_S, Health, Part, State
from pipelines.facts import Unavailable
from tests import virtual_time


def test_a_part_we_can_do_without_may_be_down() -> None:
    health = Health()
    health.expect("store")
    health.hope_for("voice")
    assert not virtual_time.run(health.look()).ready
    health.report("store", State.UP)
    health.report("voice", State.DOWN, "no model")
    report = virtual_time.run(health.look())
    assert (report.ready, report.missing) == (True, ["voice"])
    assert report.parts["voice"] == Part(State.DOWN, "no model", required=False)


def test_a_draining_gateway_is_not_ready() -> None:
    health = Health()
    health.draining = True
    assert not virtual_time.run(health.look()).ready


def test_a_part_that_is_asked_may_fail_hang_and_recover() -> None:
    mood = "fails"

    async def probe() -> None:
        if mood == "fails":
            raise Unavailable("disk full")
        if mood == "hangs":
            await asyncio.sleep(1000)

    async def main() -> None:
        nonlocal mood
        health = Health()
        health.expect("store")
        health.ask("store", probe)
        assert (await health.look()).parts["store"].detail == "disk full"
        mood = "hangs"
        assert (await health.look()).parts["store"].detail == "it does not answer"
        assert asyncio.get_running_loop().time() <= PROBE_S + 0.1
        mood = "works"
        assert (await health.look()).ready

    virtual_time.run(main())


def test_every_change_is_told_once() -> None:
    told: list[tuple[str, State]] = []
    health = Health(lambda name, part: told.append((name, part.state)))
    health.expect("agent")
    for state in (State.UP, State.UP, State.DOWN, State.UP):
        health.report("agent", state)
    assert told == [("agent", State.UP), ("agent", State.DOWN), ("agent", State.UP)]
