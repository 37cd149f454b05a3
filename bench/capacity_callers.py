"""Browser callers of `bench capacity`: many aiortc connections that cost as little as they can.

python -m bench.capacity_callers URL FOLDER-OF-SOUNDS. What they say was encoded once; what they hear is told
apart by its size (a packet of silence is tiny) and not decoded. So one core carries many of them.
"""

import asyncio
import fractions
import os
import sys
from pathlib import Path
from typing import Any

import av
import httpx
import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from bench.capacity_load import FRAME_S, Meter, Script, ScriptedCaller, obey
from gateway.webrtc.outgoing import SpeechEncoder
from pipelines.audio import Frame

AUDIBLE_BYTES = 30
"An Opus packet of 20 ms with speech in it is longer than this."
TICKS = 960
"20 ms of Opus's RTP clock."
PING_EVERY_S = 1.0


class RecordedTrack(MediaStreamTrack):  # type: ignore[misc] # aiortc has no types
    """Sends the packets of a caller's script, in time."""

    kind = "audio"

    def __init__(self, caller: ScriptedCaller, packets: list[bytes]) -> None:
        super().__init__()
        self._caller = caller
        self._packets = packets
        self._sent = 0
        self._began = asyncio.get_running_loop().time()

    async def recv(self) -> av.Packet:
        """The next packet, when it is due."""
        due = self._began + self._sent * FRAME_S
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        packet = av.Packet(self._packets[self._caller.place(self._sent)])
        packet.pts, packet.time_base = self._sent * TICKS, fractions.Fraction(1, 48_000)
        self._sent += 1
        return packet


class BySize:
    """Stands where aiortc has its jitter buffer: hears nothing but how long packets are."""

    def __init__(self, caller: ScriptedCaller) -> None:
        self._caller = caller

    def add(self, packet: Any) -> tuple[bool, None]:
        """An RTP packet came."""
        self._caller.hear(b"\1" if len(packet._data) > AUDIBLE_BYTES else b"")
        return False, None


async def call(url: str, caller: ScriptedCaller, packets: list[bytes]) -> RTCPeerConnection:
    """Call and stay; raises `httpx.HTTPStatusError` when the call is not taken."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = pc.addTransceiver(RecordedTrack(caller, packets), direction="sendrecv")
    transceiver.receiver._RTCRtpReceiver__jitter_buffer = BySize(caller)
    pc.createDataChannel("chat", ordered=True)
    await pc.setLocalDescription(await pc.createOffer())
    async with httpx.AsyncClient(timeout=30) as http:
        offer = {"sdp": pc.localDescription.sdp, "type": "offer"}
        answer = (await http.post(f"{url}/api/offer", json=offer)).raise_for_status().json()
    await pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    return pc


async def main(url: str, sounds: Path) -> None:
    """As many callers as standard input says."""
    script, meter, encoder = Script.read(sounds), Meter(), SpeechEncoder()
    packets = [encoder.encode(Frame(pcm)) for pcm in script.frames]
    connections: list[RTCPeerConnection] = []

    async def carry(calls: int) -> None:
        while len(connections) < calls:
            caller = ScriptedCaller(script, len(connections), meter.answers_ms)
            connections.append(await call(url, caller, packets))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(meter.watch_lag())
        await obey(meter, carry)
        os._exit(0)  # nothing of the end is measured


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
