"""Whether a customer may send a file, and telling of one that came.

They may while a person has them: the bot can make nothing of files, and strangers cannot fill our disk. The
request may come to another node than the one their session lives on, which is asked then.
"""

from gateway.events import FileName, FileShared, Message
from gateway.live import LiveSession, LiveSessions
from gateway.nodes.mesh import Mesh
from gateway.protocol_error import ProtocolError
from gateway.store.file_store import StoredFile
from pipelines.facts import Unavailable

TOPIC = "customer.file"
NOBODY_THERE = "Files can be sent once a person has joined the conversation."


class CustomerFiles:
    """Files of the customers whose sessions live on this node or on another."""

    def __init__(self, sessions: LiveSessions, mesh: Mesh) -> None:
        self._sessions = sessions
        self._mesh = mesh
        mesh.serve(TOPIC, self._serve)

    async def admit(self, session_id: str, token: str) -> None:
        """Raises `UnknownSession` unless the token is the session's own, and `Unavailable`."""
        await self._sessions.check(session_id, token)

    async def check_person(self, session_id: str) -> None:
        """Raises `ProtocolError` (`nobody_there`) unless a person has the customer now, and `Unavailable`."""
        if (live := self._here(session_id)) is not None:
            _check_person(live)
        else:
            await self._ask({"session": session_id})

    async def share(self, file: StoredFile) -> None:
        """Tell the session of a file that its customer sent. Raises `ProtocolError`, `Unavailable`."""
        fact = FileShared(
            file_id=file.file_id,
            by="customer",
            size=file.size,
            media_type=file.media_type,
            pii=FileName(name=file.name or ""),
        )
        if (live := self._here(file.session_id)) is not None:
            await _tell(live, fact)
        else:
            await self._ask({"session": file.session_id, "file": fact.model_dump(mode="json")})

    def _here(self, session_id: str) -> LiveSession | None:
        live = self._sessions.find(session_id)
        return None if live is None or live.log.stale else live

    async def _ask(self, question: Message) -> None:
        answer = await self._mesh.ask(TOPIC, question)
        if answer is None or answer.get("nobody"):  # a session that a person has is in some node's memory
            raise ProtocolError("nobody_there", NOBODY_THERE, 409)
        if (why := answer.get("unavailable")) is not None:
            raise Unavailable(str(why))

    async def _serve(self, question: Message) -> Message | None:
        """Another node's customer has a file for a session; None: it does not live here."""
        live = self._here(str(question["session"]))
        if live is None:
            return None
        try:
            if (file := question.get("file")) is not None:
                await _tell(live, FileShared.model_validate(file))
            else:
                _check_person(live)
        except ProtocolError:
            return {"nobody": True}
        except Unavailable as error:
            return {"unavailable": str(error)}
        return {}


def _check_person(live: LiveSession) -> None:
    if not live.log.with_person:
        raise ProtocolError("nobody_there", NOBODY_THERE, 409)


async def _tell(live: LiveSession, fact: FileShared) -> None:
    """Also when the person has just gone: it was sent to them, and the next one will see it."""
    live.touch()
    await live.log.emit(fact)
