"""A ticket lets one stream in: our answer to a signed webhook hands it out, the stream shows it.  [core]

For providers that sign a webhook but not the websocket that follows, or sign it so that the signature never
changes. It says nothing but until when it is good, and for whom; a nonce makes it good once.
"""

import hmac
from hashlib import sha256

GOOD_FOR_S = 60
"From the webhook to the stream's start; providers connect within a second or two."


def issue(secret: bytes, provider: str, nonce: str, now_s: int) -> str:
    """A ticket for a stream of `provider`; `nonce` is random: letters and digits."""
    said = f"{now_s + GOOD_FOR_S}x{nonce}"
    return f"{said}x{_mac(secret, provider, said)}"


def check(secret: bytes, provider: str, ticket: str, now_s: int) -> str | None:
    """The nonce of a good ticket, else None. Whoever calls this sees to it that a nonce is good once."""
    said, _, mac = ticket.rpartition("x")
    until, _, nonce = said.partition("x")
    good = hmac.compare_digest(_mac(secret, provider, said).encode(), mac.encode("utf-8", "surrogateescape"))
    if not good or not until.isdigit() or int(until) < now_s:
        return None
    return nonce


def _mac(secret: bytes, provider: str, said: str) -> str:
    return hmac.new(secret, f"{provider} {said}".encode(), sha256).hexdigest()
