"""Ends calls by the providers' APIs: only ever because `StreamLeg.end_call` was asked to."""

import json
import secrets
import time
import urllib.parse
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.stream.settings import Streams, Vonage

log = structlog.get_logger(__name__)

TIMEOUT_S = 5.0
OVER = frozenset({404, 409, 410, 422})
"Answers that mean the call is over already, or never was."


@dataclass(frozen=True, slots=True)
class HangUp:
    """The request that ends a call."""

    method: str
    url: str
    auth: tuple[str, str] | None = None
    bearer: str | None = None
    form: dict[str, str] | None = None
    json: dict[str, str] | None = None


class Carrier:
    """The APIs of the configured providers, behind one HTTP client."""

    def __init__(self, settings: Streams, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http
        self._requests: dict[str, Callable[[str], HangUp | None]] = {
            "twilio": self._twilio,
            "telnyx": self._telnyx,
            "plivo": self._plivo,
            "vonage": self._vonage,
        }

    def can_end(self, provider: str) -> bool:
        """Whether we have access to this provider's API."""
        make = self._requests.get(provider)
        return make is not None and make("") is not None

    async def end_call(self, provider: str, call_id: str) -> bool:
        """End a call; False when the API would not, which is logged: the stream is closed all the same."""
        make = self._requests.get(provider)
        request = make(urllib.parse.quote(call_id, safe="")) if make is not None else None
        if request is None:
            return False
        try:
            status = (await self._ask(request)).status_code
        except httpx.HTTPError as error:
            log.warning("call not ended", provider=provider, reason=type(error).__name__)
            return False
        if status >= 300 and status not in OVER:
            log.warning("call not ended", provider=provider, status=status)
            return False
        return True

    async def _ask(self, request: HangUp) -> httpx.Response:
        headers = {"authorization": f"Bearer {request.bearer}"} if request.bearer else {}
        auth = httpx.BasicAuth(*request.auth) if request.auth else None
        return await self._http.request(
            request.method,
            request.url,
            headers=headers,
            auth=auth,
            data=request.form,
            json=request.json,
            timeout=TIMEOUT_S,
        )

    def _twilio(self, call_id: str) -> HangUp | None:
        """https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource"""
        own = self._settings.twilio
        if own.account_sid is None or own.auth_token is None:
            return None
        url = f"{own.api}/2010-04-01/Accounts/{own.account_sid}/Calls/{call_id}.json"
        auth = (own.account_sid, own.auth_token.get_secret_value())
        return HangUp("POST", url, auth=auth, form={"Status": "completed"})

    def _telnyx(self, call_id: str) -> HangUp | None:
        """https://developers.telnyx.com/api-reference/call-commands/hangup-call"""
        own = self._settings.telnyx
        if own.api_key is None:
            return None
        url = f"{own.api}/v2/calls/{call_id}/actions/hangup"
        return HangUp("POST", url, bearer=own.api_key.get_secret_value(), json={})

    def _plivo(self, call_id: str) -> HangUp | None:
        """https://www.plivo.com/docs/voice/api/call/hang-up-a-call"""
        own = self._settings.plivo
        if own.auth_id is None or own.auth_token is None:
            return None
        url = f"{own.api}/v1/Account/{own.auth_id}/Call/{call_id}/"
        return HangUp("DELETE", url, auth=(own.auth_id, own.auth_token.get_secret_value()))

    def _vonage(self, call_id: str) -> HangUp | None:
        """https://developer.vonage.com/en/api/voice#updateCall"""
        own = self._settings.vonage
        if own.application_id is None or own.private_key is None:
            return None
        url = f"{own.api}/v1/calls/{call_id}"
        return HangUp("PUT", url, bearer=_token(own, int(time.time())), json={"action": "hangup"})


def _token(own: Vonage, now_s: int) -> str:
    """A JSON Web Token for the application (RS256), good for a minute."""
    assert own.private_key is not None
    key = load_pem_private_key(own.private_key.get_secret_value().encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("streams.vonage.private_key is not an RSA key")
    claims = {
        "application_id": own.application_id,
        "iat": now_s,
        "exp": now_s + 60,
        "jti": secrets.token_hex(16),
    }
    signed = b".".join(
        _base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims)
    )
    return b".".join([signed, _base64url(key.sign(signed, PKCS1v15(), SHA256()))]).decode()


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
