"""How each provider proves that a request is its own.  [core]

All take the request as the public sees it, and compare in constant time. Nothing says why a check failed.
"""

import binascii
import hashlib
import hmac
import json
import urllib.parse
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CLOCK_SKEW_S = 60
"By which a provider's clock may be ahead."
LONGEST_AGE_S = 300
"Of a signed webhook."


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A webhook, or the handshake of a websocket."""

    method: str
    url: str
    "As the provider was told it: `https://…` or `wss://…`, with the query."
    headers: Mapping[str, str]
    "Lower-case names."
    body: bytes = b""
    now_s: int = 0
    "Unix time."
    form: tuple[tuple[str, str], ...] = field(init=False)
    "The fields of a body that is a form, else none."

    def __post_init__(self) -> None:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        text = self.body.decode("utf-8", "replace") if kind == "application/x-www-form-urlencoded" else ""
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True)
        object.__setattr__(self, "form", tuple(pairs))

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The fields of the address."""
        return tuple(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query, keep_blank_values=True))


def twilio(request: SignedRequest, auth_token: str) -> bool:
    """`X-Twilio-Signature`: HMAC-SHA1 of the address and the sorted form fields.

    https://www.twilio.com/docs/usage/security. For websockets Twilio may add a slash to the address.
    """
    fields = "".join(key + value for key, value in sorted(set(request.form)))
    given = request.headers.get("x-twilio-signature", "")
    urls = [request.url, request.url + "/"] if request.url.startswith("wss:") else [request.url]
    return any(_same(_mac(auth_token, url + fields, "sha1"), given) for url in urls)


def telnyx(request: SignedRequest, public_key: str) -> bool:
    """`telnyx-signature-ed25519` over `timestamp|body`, no older than five minutes.

    `public_key` is base64, as the portal shows it.
    """
    stamp = request.headers.get("telnyx-timestamp", "")
    if not _is_recent(stamp, request.now_s):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key))
        signature = b64decode(request.headers.get("telnyx-signature-ed25519", ""), validate=True)
        key.verify(signature, stamp.encode() + b"|" + request.body)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def plivo(request: SignedRequest, auth_token: str) -> bool:
    """`X-Plivo-Signature-V3`: HMAC-SHA256 of the address, the sorted fields and a nonce.

    https://www.plivo.com/docs/voice/concepts/signature-validation. Several signatures may be given with
    commas, one for each of an account's tokens.
    """
    parts = urllib.parse.urlsplit(request.url)
    query = "&".join(f"{key}={value}" for key, value in sorted(request.query))
    fields = "".join(key + value for key, value in sorted(request.form))
    base = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if query or fields:
        base += f"?{query}"
    if query and fields:
        base += "."
    nonce = request.headers.get("x-plivo-signature-v3-nonce", "")
    if not nonce:
        return False
    expected = _mac(auth_token, f"{base}{fields}.{nonce}", "sha256")
    given = request.headers.get("x-plivo-signature-v3", "").split(",")
    return any(_same(expected, each.strip()) for each in given)


def vonage(request: SignedRequest, secret: str) -> bool:
    """A JSON Web Token in `Authorization` (HS256, RFC 7519), with the SHA-256 of the body where there is one.

    https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    signed, _, signature = token.rpartition(".")
    header, _, claims = signed.partition(".")
    expected = hmac.digest(secret.encode(), signed.encode(), "sha256")
    try:
        if not hmac.compare_digest(expected, _base64url(signature)) or scheme.lower() != "bearer":
            return False
        said, algorithm = json.loads(_base64url(claims)), json.loads(_base64url(header))
        issued = str(int(said["iat"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    digest = hashlib.sha256(request.body).hexdigest()
    intact = not request.body or _same(digest, str(said.get("payload_hash", "")).lower())
    return algorithm.get("alg") == "HS256" and intact and _is_recent(issued, request.now_s)


def basic(request: SignedRequest, user: str, password: str) -> bool:
    """HTTP's basic authentication (RFC 7617)."""
    expected = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    return _same(expected, request.headers.get("authorization", ""))


def bearer(request: SignedRequest, token: str) -> bool:
    """A fixed bearer token (RFC 6750)."""
    return _same(f"Bearer {token}", request.headers.get("authorization", ""))


def _mac(key: str, text: str, digest: str) -> str:
    return b64encode(hmac.digest(key.encode(), text.encode(), digest)).decode()


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


def _is_recent(stamp: str, now_s: int) -> bool:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    return -CLOCK_SKEW_S <= now_s - int(stamp) <= LONGEST_AGE_S


def _base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
