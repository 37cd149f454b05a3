from starlette.requests import HTTPConnection

from tests import virtual_time
from tests.gateway.web.web_world import edge


def connection(origin: bytes = b"", client: tuple[str, int] | None = ("192.0.2.1", 5)) -> HTTPConnection:
    headers = [(b"host", b"localhost:8080")] + ([(b"origin", origin)] if origin else [])
    return HTTPConnection({"type": "http", "headers": headers, "client": client})


def test_a_request_is_judged_by_its_own_origin() -> None:
    assert edge().admits(connection())
    assert edge().admits(connection(b"http://localhost:8080"))
    assert not edge().admits(connection(b"https://evil.example"))


def test_connections_are_counted_by_address_also_when_it_is_unknown() -> None:
    async def main() -> None:
        at = edge(connections_per_address=1)
        for client in (("192.0.2.1", 5), ("192.0.2.2", 5), None):
            assert at.enter(connection(client=client))
            assert not at.enter(connection(client=client))
            at.leave(connection(client=client))
            assert at.enter(connection(client=client))

    virtual_time.run(main())
