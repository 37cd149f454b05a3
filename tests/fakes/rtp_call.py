"""What a call's media needs in tests: terms that were agreed, and something to hear."""

import math

from gateway.rtp.agreed import AgreedMedia, Direction, SrtpKey

PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8, "G722": 9, "opus": 111}
REMOTE = ("127.0.0.1", 40_000)


def agreed(
    codec: str = "PCMU",
    remote: tuple[str, int] = REMOTE,
    direction: Direction = Direction.SENDRECV,
    *,
    keys: tuple[SrtpKey, SrtpKey] | None = None,
    mux: bool = False,
) -> AgreedMedia:
    """Terms with telephone events and comfort noise; `keys` are for sending and receiving."""
    host, port = remote
    return AgreedMedia(
        codec=codec,
        payload_type=PAYLOAD_TYPES[codec],
        clock_rate=48_000 if codec == "opus" else 8_000,
        dtmf_payload_type=101,
        comfort_noise_payload_type=13,
        ptime_ms=20,
        remote_host=host,
        remote_port=port,
        remote_rtcp_port=port if mux else port + 1,
        rtcp_mux=mux,
        direction=direction,
        srtp_send=keys[0] if keys else None,
        srtp_receive=keys[1] if keys else None,
    )


def tone(sample_rate: int, frames: int, hertz: int = 440) -> list[bytes]:
    """Frames of 20 ms of a tone; its root mean square is 5657."""
    count = sample_rate // 50
    samples = (int(8000 * math.sin(2 * math.pi * hertz * i / sample_rate)) for i in range(count * frames))
    pcm = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    return [pcm[at : at + 2 * count] for at in range(0, len(pcm), 2 * count)]
