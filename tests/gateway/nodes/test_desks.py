"""What changes at one node is shown at the desks of all."""

import asyncio

from gateway.desk.messages import Consult, Contact
from gateway.desk.seats import Seats
from gateway.nodes.desks import NodesDesks
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import CustomerTurn, Words
from tests import virtual_time
from tests.fakes.memory_mesh import MemoryMesh, Net

CONTACT = Contact(session="s1", channel="chat", state="queued", floor="bot", since=1.0, handoff_id="h1")

CONSULT = Consult(
    consult="c1",
    session="s1",
    state="asked",
    agent_id="a1",
    agent="Alex",
    colleague_id="a2",
    colleague="Kim",
    queue="general",
    reason="legal",
    since=1.0,
)


class Watched(Seats):
    """Seats that keep what they were told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []

    def contact_changed(self, contact: Contact) -> None:
        self.told.append(contact)

    def briefing_changed(self, session_id: str, briefing: Briefing) -> None:
        self.told.append((session_id, briefing))

    def consult_changed(self, consult: Consult, briefing: Briefing | None) -> None:
        self.told.append((consult, briefing))

    def customer_typing(self, session_id: str, on: bool) -> None:
        self.told.append((session_id, on))


def test_every_node_is_told_once() -> None:
    fold = BriefingFold(Glossary())
    fold.apply(CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="My lamp is broken")))

    async def main() -> None:
        net = Net()
        meshes, seats = [MemoryMesh(net), MemoryMesh(net)], [Watched(), Watched()]
        here, _ = (NodesDesks(each, mesh) for each, mesh in zip(seats, meshes, strict=True))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(mesh.run()) for mesh in meshes]
            here.contact_changed(CONTACT)
            here.briefing_changed("s1", fold.briefing())
            here.customer_typing("s1", True)
            here.consult_changed(CONSULT, fold.briefing())
            here.consult_changed(CONSULT, None)
            await asyncio.sleep(1)
            for task in running:
                task.cancel()
        told = [CONTACT, ("s1", fold.briefing()), ("s1", True), (CONSULT, fold.briefing()), (CONSULT, None)]
        assert seats[0].told == seats[1].told == told

    virtual_time.run(main())
