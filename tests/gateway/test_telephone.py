"""The telephone as the gateway opens it: from the configuration to a call that is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.admission import Admission, AdmissionLimits
from gateway.call import Calls
from gateway.config import Config
from gateway.health import Health, State
from gateway.live import LiveSession, live_sessions
from gateway.reception import Reception
from gateway.sip.endpoint import open_endpoint
from gateway.telephone import TELEPHONE, Telephone, open_telephone
from pipelines.audio import AudioPort
from tests import virtual_time
from tests.fakes.memory_store import MemoryStore
from tests.fakes.office import nobody_works
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.voice_parts import FakeVoiceParts
from tests.gateway.sip.telephones import Answering, telephone
from tests.interop import ports


class Listener:
    """A bot that hears the call to its end."""

    def __init__(self, port: AudioPort, live: LiveSession, opening: str | None) -> None:
        self._port = port

    async def run(self) -> None:
        async for _ in self._port.frames():
            pass

    async def write(self, text: str, client_id: str | None = None) -> None:
        """Nothing is typed here."""

    def press(self, digit: str) -> None:
        """No keys either."""

    def announce(self, text: str) -> None:
        """It is not heard."""

    async def silent(self) -> None:
        """It says nothing."""


@asynccontextmanager
async def opened(health: Health, **sections: Any) -> AsyncIterator[tuple[Telephone, MemoryStore]]:
    store, parts = MemoryStore(), FakeVoiceParts()
    admission = Admission(AdmissionLimits(calls=4, waiting=0, wait_ms=1_000))
    calls = Calls(Listener, Reception(admission, parts, health), nobody_works(), 4000)
    config = Config.model_validate(sections)
    async with (
        live_sessions(store, ScriptedAnswerer()) as sessions,
        open_telephone(config, sessions, calls, parts, health) as telephone,
    ):
        yield telephone, store


def test_without_configuration_there_is_no_telephone_and_nobody_misses_it() -> None:
    async def main() -> None:
        health = Health()
        async with opened(health) as (there, _):
            assert there.streams is None
            assert there.switchboard.lines is None
            assert TELEPHONE not in (await health.look()).parts

    virtual_time.run(main())


def test_a_call_over_a_trunk_has_a_session_and_is_hung_up_at_the_end() -> None:
    async def main() -> None:
        health, at = Health(), (ports.free(), ports.free())
        async with open_endpoint(telephone(*at[::-1]), Answering()) as far:
            async with opened(health, telephone=telephone(*at).model_dump()) as (there, store):
                assert (await health.look()).parts[TELEPHONE].state is State.UP
                await asyncio.sleep(0.1)
                async with far.call("100") as leg:
                    await asyncio.sleep(1)
                    [call] = there.switchboard.calls()
                    joined = store.log[call.session_id][1].message()
                    assert (joined["type"], joined["kind"]) == ("leg.joined", "sip")
                    assert joined["pii"]["values"]["called"] == "100"
                    await there.switchboard.hang_up_all("the gateway is about to stop")
                    async for _ in leg.frames():
                        pass
                    assert leg.ended is not None and leg.ended.by == "remote"
                await asyncio.sleep(0.5)
                assert call.over

    virtual_time.run(main())


def test_a_port_that_is_taken_is_reported_and_the_rest_goes_on() -> None:
    async def main() -> None:
        health, at = Health(), (ports.free(), ports.free())
        async with open_endpoint(telephone(*at), Answering()):
            async with opened(health, telephone=telephone(*at).model_dump()) as (there, _):
                part = (await health.look()).parts[TELEPHONE]
                assert part.state is State.DOWN
                assert str(at[0]) in part.detail
                assert there.switchboard.lines is None

    virtual_time.run(main())


def test_an_enabled_carrier_has_its_streams() -> None:
    async def main() -> None:
        asterisk = {"enabled": True, "user": "pbx", "password": "a-long-password"}
        async with opened(Health(), streams={"asterisk": asterisk}) as (there, _):
            assert there.streams is not None
            assert set(there.streams.providers) == {"asterisk"}

    virtual_time.run(main())


@pytest.mark.parametrize("port", [0])
def test_audiosocket_listens_where_it_is_enabled(port: int) -> None:
    async def main() -> None:
        async with opened(Health(), streams={"audiosocket": {"enabled": True, "port": port}}) as (there, _):
            assert there.streams is not None

    virtual_time.run(main())
