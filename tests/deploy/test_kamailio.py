"""The edge of `deploy/kamailio`: its configuration is right, and it does what it is for, on loopback."""

import asyncio
import itertools
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop import certificates, ports, sipp
from tests.interop.baresip import Settings, baresip
from tests.interop.sipp import Plan, Sipp
from tests.interop.sounds import tone

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

EDGE = Path(__file__).parents[2] / "deploy" / "kamailio"
MEDIA_EXAMPLE = EDGE.parent / "rtpengine" / "rtpengine.conf"
STARTING_S = 15.0
SITE = """\
#!substdef "!EDGE_ADDRESS!127.0.0.1!g"
#!substdef "!NODES_FILE!{folder}/dispatcher.list!g"
#!substdef "!PEERS_FILE!{folder}/address.list!g"
#!substdef "!TLS_FILE!{folder}/tls.cfg!g"
#!define EDGE_CHILDREN 2
#!define WITH_TIMES
#!substdef "!PROBE_S!1!g"
#!substdef "!NODE_SILENT_MS!1000!g"
#!substdef "!IGNORE_S!60!g"
#!define WITH_TLS
enable_tls=yes
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
listen=tls:127.0.0.1:{tls}
"""
MEDIA = """\
#!define WITH_RTPENGINE
#!substdef "!RTPENGINE_SOCKETS!udp:127.0.0.1:{port}!g"
"""


@dataclass
class Edge:
    """A Kamailio that runs with our configuration."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(self, *command: str) -> str:
        """What `kamcmd` says."""
        kamcmd = ["kamcmd", "-s", f"unixs:{self.folder}/kamailio_ctl", *command]
        return subprocess.run(kamcmd, capture_output=True, text=True, timeout=10).stdout

    def nodes_up(self) -> int:
        """Nodes that answered the last OPTIONS."""
        listing = self.ask("dispatcher.list").partition("ID: 2")[0]
        return listing.count("FLAGS: AP")

    async def settled(self, up: int) -> None:
        """Wait until so many nodes answer."""
        async with asyncio.timeout(10):
            while self.nodes_up() != up:  # noqa: ASYNC110 - another program's state
                await asyncio.sleep(0.1)


def furnish(
    folder: Path,
    nodes: Sequence[str],
    trunks: Sequence[str] = (),
    peers: str = "127.0.0.1 32",
    rtpengine: int = 0,
) -> int:
    """Put our configuration with the site's files into a folder; gives the port."""
    port = ports.free(2)
    shutil.copy(EDGE / "kamailio.cfg", folder)
    (folder / "site.cfg").write_text(SITE.format(folder=folder, port=port, tls=port + 1))
    if rtpengine:
        with (folder / "site.cfg").open("a") as site:
            site.write(MEDIA.format(port=rtpengine))
    sets = [f"1 sip:{node} 0 0\n" for node in nodes] + [f"2 sip:{trunk} 0 0\n" for trunk in trunks]
    (folder / "dispatcher.list").write_text("".join(sets))
    (folder / "address.list").write_text(f"1 {peers} 0 peer\n")
    own = certificates.make(folder / "own.pem")
    tls = (EDGE / "tls.cfg").read_text().partition("[client:default]")[0]
    for name in ("/etc/kamailio/tls/edge.pem", "/etc/kamailio/tls/edge.key"):
        tls = tls.replace(name, str(own))
    (folder / "tls.cfg").write_text(tls)
    return port


@asynccontextmanager
async def edge(
    folder: Path,
    nodes: Sequence[str],
    trunks: Sequence[str] = (),
    peers: str = "127.0.0.1 32",
    rtpengine: int = 0,
) -> AsyncIterator[Edge]:
    """A Kamailio before these nodes and trunks, each `host:port`."""
    port = furnish(folder, nodes, trunks, peers, rtpengine)
    arguments = [
        "-f",
        "kamailio.cfg",
        "-DD",
        "-E",
        "-m",
        "64",
        "-M",
        "8",
        "-Y",
        str(folder),
        "-w",
        str(folder),
    ]
    async with running(folder, "kamailio", *arguments, sign=(folder / "kamailio_ctl").exists):
        yield Edge(folder, port)


@asynccontextmanager
async def media(folder: Path) -> AsyncIterator[int]:
    """An rtpengine with our example, on loopback; gives the port where it is asked."""
    port = ports.free(1)
    example = MEDIA_EXAMPLE.read_text()
    example = example.replace("203.0.113.10", "127.0.0.1").replace("127.0.0.1:2223", f"127.0.0.1:{port}")
    (folder / "rtpengine.conf").write_text(example)
    arguments = ["--config-file", str(folder / "rtpengine.conf"), "--foreground", "--log-stderr"]
    async with running(folder, "rtpengine", *arguments, sign=lambda: ports.taken(port)):
        yield port


@asynccontextmanager
async def running(
    folder: Path, program: str, *arguments: str, sign: Callable[[], bool]
) -> AsyncIterator[None]:
    """A program, once the sign shows that it is ready."""
    with (folder / f"{program}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, *arguments, cwd=folder, stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(STARTING_S):
            while process.returncode is None and not sign():  # noqa: ASYNC110 - another program's state
                await asyncio.sleep(0.05)
        assert process.returncode is None, (folder / f"{program}.log").read_text()[-3_000:]
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def invites(node: Sipp) -> int:
    return node.messages().count("\nINVITE sip:")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("rtpengine", [False, True], ids=["direct", "rtpengine"])
def test_the_configuration_is_valid_with_every_part_on_and_off(
    tls: bool, rtpengine: bool, tmp_path: Path
) -> None:
    furnish(tmp_path, ["127.0.0.1:5070"], rtpengine=2223 if rtpengine else 0)
    site = tmp_path / "site.cfg"
    if not tls:
        kept = [
            line for line in site.read_text().splitlines() if "tls" not in line and "WITH_TLS" not in line
        ]
        site.write_text("\n".join(kept) + "\n")
    checked = subprocess.run(
        ["kamailio", "-c", "-f", str(tmp_path / "kamailio.cfg")], capture_output=True, text=True
    )
    assert checked.returncode == 0 and "config file ok" in checked.stderr, checked.stderr


def test_the_example_files_are_what_the_configuration_reads(tmp_path: Path) -> None:
    for name in ("kamailio.cfg", "dispatcher.list", "address.list", "tls.cfg"):
        shutil.copy(EDGE / name, tmp_path)
    example = (EDGE / "site.example.cfg").read_text()
    (tmp_path / "site.cfg").write_text(
        example.replace("203.0.113.10", "127.0.0.1").replace("10.0.0.10", "127.0.0.1")
    )
    checked = subprocess.run(
        ["kamailio", "-c", "-f", str(tmp_path / "kamailio.cfg")], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


def test_calls_are_shared_among_nodes_and_go_on_when_one_dies(tmp_path: Path) -> None:
    async def main() -> None:
        async with sipp.listening(Plan("uas_node")) as one, sipp.listening(Plan("uas_node")) as two:
            async with edge(tmp_path, [one.address, two.address]) as the:
                await the.settled(up=2)
                await sipp.calls(Plan("uac_call", calls=10, per_second=20), the.address)
                assert (invites(one), invites(two)) == (5, 5)
                two.stop()
                await sipp.calls(Plan("uac_call", calls=4, per_second=20), the.address)
                await the.settled(up=1)
                await sipp.calls(Plan("uac_call", calls=10, per_second=20), the.address)
                assert invites(one) == 19 and "Via: SIP/2.0/UDP 127.0.0.1" in one.messages()

    asyncio.run(main())


def test_a_call_that_a_full_node_refuses_is_taken_by_the_next(tmp_path: Path) -> None:
    async def main() -> None:
        async with sipp.listening(Plan("uas_full")) as full, sipp.listening(Plan("uas_node")) as free:
            async with edge(tmp_path, [full.address, free.address]) as the:
                await the.settled(up=2)
                await sipp.calls(Plan("uac_call", calls=6, per_second=20), the.address)
                assert invites(full) == 3 and invites(free) == 6

    asyncio.run(main())


def test_without_a_node_callers_and_carriers_are_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with sipp.listening(Plan("uas_node")) as only, edge(tmp_path, [only.address]) as the:
            await the.settled(up=1)
            assert await ask(the) == "SIP/2.0 200 OK"
            only.stop()
            await the.settled(up=0)
            assert await ask(the) == "SIP/2.0 503 Service Unavailable"

    asyncio.run(main())


def test_headers_pass_and_the_edge_stays_in_the_path(tmp_path: Path) -> None:
    async def main() -> None:
        async with sipp.listening(Plan("uas_node")) as node, edge(tmp_path, [node.address]) as the:
            await the.settled(up=1)
            await sipp.calls(Plan("uac_headers"), the.address)
            got = node.messages()
            for line in ("User-to-User: 48656c6c6f;encoding=hex", "X-Session: s-4711"):
                assert line in got
            assert f"Record-Route: <sip:127.0.0.1:{the.port};lr>" in got
            assert got.count("BYE sip:") == 1

    asyncio.run(main())


def test_a_telephone_comes_in_over_tls_and_the_node_gets_udp(tmp_path: Path) -> None:
    async def main() -> None:
        async with sipp.listening(Plan("uas_node")) as node, edge(tmp_path, [node.address]) as the:
            await the.settled(up=1)
            async with baresip(Settings(transport="tls", codec="PCMA"), tone(440, 2)) as alice:
                await alice.dial(f"sip:100@127.0.0.1:{the.port + 1}")
                await alice.until("CALL_ESTABLISHED")
                await alice.hang_up()
                await asyncio.sleep(0.3)
            assert "SIP/2.0/TLS" in node.messages() and "BYE sip:" in node.messages()

    asyncio.run(main())


def test_a_node_calls_out_and_the_next_trunk_is_tried_when_one_is_down(tmp_path: Path) -> None:
    async def main() -> None:
        node, down = ports.free(1), ports.free(1)
        async with sipp.answering(Plan("uas_answer")) as trunk:
            trunks = [f"127.0.0.1:{down}", trunk.address]
            async with edge(tmp_path, [f"127.0.0.1:{node}"], trunks) as the:
                await sipp.calls(Plan("uac_call", service="+4930123456", port=node), the.address)
                assert f"INVITE sip:+4930123456@{trunk.address} SIP/2.0" in trunk.messages()

    asyncio.run(main())


def test_srtp_outside_is_rtp_inside(tmp_path: Path) -> None:
    """A telephone with TLS and SRTP only, one with neither, and what lies between them."""
    outside = Settings("alice", "tls", "PCMA", srtp=True)

    async def main() -> None:
        async with (
            baresip(outside, tone(440, 10)) as alice,
            baresip(Settings("100", "udp", "PCMA", answers="auto"), tone(1000, 10)) as node,
            media(tmp_path) as rtpengine,
            edge(tmp_path, [f"127.0.0.1:{node.port}"], rtpengine=rtpengine) as the,
        ):
            await alice.dial(f"sip:100@127.0.0.1:{the.port + 1}")
            await alice.until("CALL_ESTABLISHED")
            await asyncio.sleep(1.5)
            await alice.hang_up()
            await node.until("CALL_CLOSED")
            assert "m=audio 0" not in node.log() and "a=crypto" not in node.log()
            assert abs(alice.heard().loudest_hertz() - 1000) < 5
            assert abs(node.heard().loudest_hertz() - 440) < 5

    asyncio.run(main())


def test_strangers_hear_nothing_and_are_ignored_when_they_go_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            sipp.listening(Plan("uas_node")) as node,
            edge(tmp_path, [node.address], peers="198.51.100.0 24") as the,
        ):
            await the.settled(up=1)
            for _ in range(80):
                assert await ask(the, patience_s=0.005) == ""
            assert "127.0.0.1" in the.ask("htable.dump", "ignored")
            assert invites(node) == 0

    asyncio.run(main())


OPTIONS = (
    "OPTIONS sip:{address} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{number};rport\r\n"
    "From: <sip:carrier@127.0.0.1>;tag=1\r\nTo: <sip:{address}>\r\nCall-ID: {number}\r\n"
    "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
_numbers = itertools.count(1)


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.line = ""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.line = data.split(b"\r\n")[0].decode()
        self.came.set()


async def ask(the: Edge, patience_s: float = 2.0) -> str:
    """The first line that is answered to OPTIONS; nothing when nothing comes."""
    loop = asyncio.get_running_loop()
    transport, answer = await loop.create_datagram_endpoint(_Answer, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    transport.sendto(
        OPTIONS.format(address=the.address, port=port, number=next(_numbers)).encode(),
        ("127.0.0.1", the.port),
    )
    try:
        async with asyncio.timeout(patience_s):
            await answer.came.wait()
    except TimeoutError:
        pass
    transport.close()
    return answer.line
