"""Messages cut out of a byte stream (RFC 3261, section 18.3; keepalives: RFC 5626, section 3.5.1).  [core]"""


class StreamFramer:
    """Cuts what one TCP or TLS connection brings into messages for `message.parse`.

    What has not become a message yet is at most 64 KiB.
    """

    def __init__(self) -> None:
        self.pongs_due = 0
        "So many pings (double CRLF) came; the shell writes a CRLF for each and sets this to 0."

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now. Raises `ProtocolError` when the stream cannot be followed any more.

        The connection must be closed then.
        """
        raise NotImplementedError
