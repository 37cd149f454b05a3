"""A bare SIP telephone for tests: sends and reads messages as text, and knows no rules."""

import asyncio
import socket
from dataclasses import dataclass, field

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


def request(
    method: str,
    number: str = "+4930",
    *,
    sdp: str = "",
    branch: str = "1",
    transport: str = "UDP",
    **headers: str,
) -> bytes:
    """A request from 127.0.0.1 to a number, which expects the answer at its sender's port."""
    lines = {
        "Via": f"SIP/2.0/{transport} 127.0.0.1;rport;branch=z9hG4bK{branch}",
        "Max-Forwards": "70",
        "From": "<sip:bob@127.0.0.1>;tag=b",
        "To": f"<sip:{number}@127.0.0.1>",
        "Call-ID": f"call-{branch}",
        "CSeq": f"1 {method}",
        "Contact": "<sip:bob@127.0.0.1>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if sdp:
        lines["Content-Type"] = "application/sdp"
    lines["Content-Length"] = str(len(sdp.encode()))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} sip:{number}@127.0.0.1 SIP/2.0\r\n{head}\r\n{sdp}".encode()


@dataclass
class Phone:
    """A UDP socket at an address of its own, closed at the end of its `with`."""

    to: int
    "The port of the gateway."
    host: str = "127.0.0.1"
    got: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.host, 0))
        self._socket.setblocking(False)

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendto(data, ("127.0.0.1", self.to))

    def read(self) -> list[str]:
        """What came since it was last asked."""
        new = []
        while True:
            try:
                new.append(self._socket.recv(65_535).decode())
            except BlockingIOError:
                self.got += new
                return new

    async def ask(self, data: bytes, seconds: float = 0.2) -> list[str]:
        """Send, and give the first lines of what comes back within the time."""
        self.send(data)
        await asyncio.sleep(seconds)
        return [text.partition("\r\n")[0] for text in self.read()]
