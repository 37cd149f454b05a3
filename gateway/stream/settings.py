"""Which providers' media streams we take, and what proves that it is they. All are off by default."""

from base64 import b64decode
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from gateway.addresses import Networks
from gateway.section import Section

Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


def _base64(secret: SecretStr) -> SecretStr:
    try:
        b64decode(secret.get_secret_value(), validate=True)
    except ValueError:
        raise PydanticCustomError("not_base64", "must be base64") from None
    return secret


class Provider(Section):
    """What all providers share."""

    needs: ClassVar[tuple[str, ...]] = ()
    "Settings without which it cannot be enabled."

    enabled: bool = False

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        missing = [name for name in self.needs if getattr(self, name) is None]
        if self.enabled and missing:
            problem = f"an enabled provider needs `{'`, `'.join(missing)}`"
            raise PydanticCustomError("setting_missing", "{problem}", {"problem": problem})
        return self


class Twilio(Provider):
    """Twilio Media Streams. The token signs webhooks and handshakes, and opens the API."""

    needs = ("auth_token",)

    auth_token: SecretStr | None = None
    account_sid: str | None = None
    "To end calls by the API; without it a call ends with its stream."
    api: Url = "https://api.twilio.com"
    ticket: bool = True
    "Take only streams that our own answer to Twilio's webhook asked for. Off: for TwiML of your own."


class Telnyx(Provider):
    """Telnyx media streaming. Handshakes are not signed: they need our ticket, or the token."""

    needs = ("public_key",)

    public_key: str | None = None
    "Of the account, base64: it signs webhooks."
    stream_token: SecretStr | None = None
    "What `stream_auth_token` says where you start streams yourself; it comes as a bearer token."
    api_key: SecretStr | None = None
    "To end calls by the API."
    api: Url = "https://api.telnyx.com"


class Plivo(Provider):
    """Plivo audio streaming. The token signs webhooks and handshakes, and opens the API."""

    needs = ("auth_token",)

    auth_token: SecretStr | None = None
    auth_id: str | None = None
    "To end calls by the API."
    api: Url = "https://api.plivo.com"
    ticket: bool = True
    "Take only streams that our own answer to Plivo's webhook asked for. Off: for XML of your own."


class Vonage(Provider):
    """Vonage Voice API websockets. Webhooks are signed; handshakes need our ticket."""

    needs = ("signature_secret",)

    signature_secret: SecretStr | None = None
    application_id: str | None = None
    private_key: SecretStr | None = None
    "PEM; with the application's id, to end calls by the API."
    api: Url = "https://api.nexmo.com"


class Exotel(Provider):
    """Exotel's Voicebot applet. Both its webhook and its handshake show a name and a password."""

    needs = ("user", "password")

    user: str | None = None
    password: SecretStr | None = None


class Genesys(Provider):
    """Genesys Cloud's Audio Connector (AudioHook). Handshakes are signed."""

    needs = ("api_key", "client_secret")

    api_key: str | None = None
    client_secret: Annotated[SecretStr, AfterValidator(_base64)] | None = None
    "Base64, as it is entered in Genesys Cloud."


class Asterisk(Provider):
    """Asterisk's `chan_websocket`. Handshakes show a name and a password."""

    needs = ("user", "password")

    user: str | None = None
    password: SecretStr | None = None


class AudioSocket(Provider):
    """Asterisk's AudioSocket: plain TCP without a password, so never on an open network."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9092
    "0 takes any free port."
    networks: Networks = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    "Who may connect; others are cut off."


class Streams(Section):
    """Media streams of carriers."""

    public_url: Url | None = None
    "How providers reach us, such as `https://voice.example.com`; what they sign, and where documents point."
    ticket_secret: SecretStr | None = None
    "Signs tickets; the same on all nodes. By default random for each process."
    calls: Annotated[int, Field(ge=0)] = 40
    "Streams at the same time; further ones are refused."
    start_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    "A connection that has not said `start` by then is closed."
    twilio: Twilio = Twilio()
    telnyx: Telnyx = Telnyx()
    plivo: Plivo = Plivo()
    vonage: Vonage = Vonage()
    exotel: Exotel = Exotel()
    genesys: Genesys = Genesys()
    asterisk: Asterisk = Asterisk()
    audiosocket: AudioSocket = AudioSocket()

    @property
    def any_enabled(self) -> bool:
        """Whether any provider is."""
        named = (getattr(self, name) for name in type(self).model_fields)
        return any(provider.enabled for provider in named if isinstance(provider, Provider))

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        reached = (self.twilio, self.telnyx, self.plivo, self.vonage, self.exotel, self.genesys)
        if self.public_url is None and any(provider.enabled for provider in reached):
            raise PydanticCustomError("public_url_missing", "providers need a `public_url` to reach us at")
        return self
