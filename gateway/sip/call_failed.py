"""Why a call that we placed was not answered.  [core]"""


class CallFailed(Exception):
    """The network, the other side or a limit of ours said no; not an error of the program."""

    def __init__(self, code: int, reason: str, retry_after_s: int | None = None) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        "Of a SIP response; 408 and 503 also where nobody sent one."
        self.reason = reason
        "The response's phrase; for people."
        self.retry_after_s = retry_after_s
        "Before that nothing is to be tried again; None: nothing was said of it."
