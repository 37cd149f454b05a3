"""What is raised when the other side broke the rules of a protocol.  [core]"""


class ProtocolError(Exception):
    """Somebody sent what they must not; their fault, and sending it again will not help.

    `code` is stable and for programs; `status` is what the protocol answers (HTTP's or SIP's: both count
    alike); the text is for people and holds nothing of what was sent.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
