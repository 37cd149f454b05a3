"""Shows what changes in this node's sessions to the agents of every node."""

from gateway.desk.messages import Consult, Contact
from gateway.desk.seats import Seats
from gateway.events import Message
from gateway.nodes.mesh import Mesh
from pipelines.briefing import Briefing


class NodesDesks:
    """The seats of this node, and those of the others."""

    def __init__(self, seats: Seats, mesh: Mesh) -> None:
        self._seats = seats
        self._mesh = mesh
        mesh.serve("contact", self._contact)
        mesh.serve("briefing", self._briefing)
        mesh.serve("consult", self._consult)
        mesh.serve("typing", self._typing)

    def contact_changed(self, contact: Contact) -> None:
        """A contact came to another state."""
        self._seats.contact_changed(contact)
        self._mesh.tell("contact", contact.model_dump(mode="json"))

    def briefing_changed(self, session_id: str, briefing: Briefing) -> None:
        """More is known of a customer."""
        self._seats.briefing_changed(session_id, briefing)
        packet = briefing.model_dump(mode="json")
        self._mesh.tell("briefing", {"session": session_id, "briefing": packet})

    def consult_changed(self, consult: Consult, briefing: Briefing | None) -> None:
        """A consult came to another state."""
        self._seats.consult_changed(consult, briefing)
        packet = None if briefing is None else briefing.model_dump(mode="json")
        self._mesh.tell("consult", {"consult": consult.model_dump(mode="json"), "briefing": packet})

    def customer_typing(self, session_id: str, on: bool) -> None:
        """A customer began or stopped typing."""
        self._seats.customer_typing(session_id, on)
        self._mesh.tell("typing", {"session": session_id, "on": on})

    async def _contact(self, news: Message) -> None:
        self._seats.contact_changed(Contact.model_validate(news))

    async def _briefing(self, news: Message) -> None:
        self._seats.briefing_changed(str(news["session"]), Briefing.model_validate(news["briefing"]))

    async def _consult(self, news: Message) -> None:
        packet = news["briefing"]
        briefing = None if packet is None else Briefing.model_validate(packet)
        self._seats.consult_changed(Consult.model_validate(news["consult"]), briefing)

    async def _typing(self, news: Message) -> None:
        self._seats.customer_typing(str(news["session"]), bool(news["on"]))
