"""How often somebody may try to sign in. Time comes in as `now` in seconds.  [core]

Guessing is slowed down three ways: one address at one name, one address at all names, everybody at one name.
The last bound is the highest, because strangers could lock a person out with it; it keeps guessing that
comes from everywhere at a hundred tries an hour. Names that nobody has count like others, or the bound would
tell which there are. A success forgets what its own address failed before at that name.
"""

from collections import OrderedDict, deque

from gateway.web.rates import network

WINDOW_S = 15 * 60.0
AT_ONE_NAME = 5
"Failures of one address at one name within the window."
OF_ONE_ADDRESS = 20
AT_A_NAME_BY_ALL = 25
REMEMBERED = 20_000
"Pairs, addresses and names at most, each; those that have not failed for longest are forgotten first."

_Key = tuple[str, ...]


class Attempts:
    """The failures of the last quarter of an hour."""

    def __init__(self) -> None:
        self._failures: dict[int, OrderedDict[_Key, deque[float]]] = {
            bound: OrderedDict() for bound in (AT_ONE_NAME, OF_ONE_ADDRESS, AT_A_NAME_BY_ALL)
        }

    def wait_s(self, name: str, address: str, now: float) -> float:
        """How long to wait before the next try; 0: it may be made, and counts as failed until `succeeded`."""
        keys = self._keys(name, address)
        wait = max(self._wait(bound, key, now) for bound, key in keys.items())
        if wait == 0:
            for bound, key in keys.items():
                self._note(bound, key, now)
        return wait

    def succeeded(self, name: str, address: str) -> None:
        """The try that was let through was a good one."""
        keys = self._keys(name, address)
        self._failures[AT_ONE_NAME].pop(keys[AT_ONE_NAME], None)
        for bound in (OF_ONE_ADDRESS, AT_A_NAME_BY_ALL):
            if times := self._failures[bound].get(keys[bound]):
                times.pop()

    def _keys(self, name: str, address: str) -> dict[int, _Key]:
        place = network(address)
        return {AT_ONE_NAME: (name, place), OF_ONE_ADDRESS: (place,), AT_A_NAME_BY_ALL: (name,)}

    def _wait(self, bound: int, key: _Key, now: float) -> float:
        times = self._failures[bound].get(key)
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        return times[0] + WINDOW_S - now if times and len(times) >= bound else 0.0

    def _note(self, bound: int, key: _Key, now: float) -> None:
        known = self._failures[bound]
        known.setdefault(key, deque()).append(now)
        known.move_to_end(key)
        while len(known) > REMEMBERED:
            known.popitem(last=False)
