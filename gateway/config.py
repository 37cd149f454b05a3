"""Everything that can be set: one typed configuration from a YAML file and the environment.

The file is `--config`, or `warmline.yaml` in the working folder if there is one. A variable
`WARMLINE_SECTION__KEY` goes before the file, and the file before the defaults. This is the only module
that reads the environment. Errors name the file, line and key, or the variable, and never a secret.
"""

import difflib
import os
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from gateway import marked_yaml
from gateway.desk.settings import DeskSettings
from gateway.files.settings import FileSettings
from gateway.queue.settings import Queues, check_phones
from gateway.section import Folder, Names, Section, split
from gateway.stream.settings import Streams
from gateway.trunks import Telephone

PREFIX = "WARMLINE_"
STANDARD = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("tracing", "endpoint"),
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ("tracing", "traces_endpoint"),
    "OTEL_EXPORTER_OTLP_HEADERS": ("tracing", "headers"),
    "OTEL_SERVICE_NAME": ("tracing", "service_name"),
    "OTEL_SDK_DISABLED": ("tracing", "disabled"),
}
"Variables that other programs know too; ours go before them."
USUAL_FILE = "warmline.yaml"


class ConfigError(Exception):
    """The configuration cannot be used; one line for each problem, in the order of the file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _header_list(value: object) -> object:
    """`name=value,name=value`, percent-encoded, as the W3C's baggage writes it."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    return {name.strip(): urllib.parse.unquote(text.strip()) for name, _, text in pairs}


Url = Annotated[str, Field(pattern=r"^https?://\S+$")]
EmbeddedOrUrl = Annotated[str, Field(pattern=r"^(embedded|https?://\S+)$")]


class Http(Section):
    """Where we listen, and which pages may talk to us."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    "0 takes any free port."
    allowed_origins: Names = ()
    "Besides the pages we serve ourselves: origins such as `https://shop.example`."
    trusted_proxies: Names = ()
    "Addresses whose `X-Forwarded-For` and `-Proto` are believed."
    pages: Folder | None = None
    "The built pages; by default `web-demo/dist` beside the packages."
    api_token: Annotated[SecretStr, Field(min_length=16)] | None = None
    """Opens the routes for operators (`Authorization: Bearer …`): placing, moving and ending calls. Without
    one there are none."""


class Store(Section):
    """Where session records are kept."""

    url: SecretStr = Field(default_factory=lambda: SecretStr(_default_store()))
    "An SQLAlchemy address: `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`."
    caller_key: Annotated[SecretStr, Field(min_length=16)] | None = None
    """Makes the keys by which callers are found again; nodes that share a store need the same. By default one
    is made and kept in the state folder."""


class Redis(Section):
    """Live state shared by several nodes: who waits for a person, who is there to answer, what rings where.

    Without it one process keeps its own in memory.
    """

    url: SecretStr | None = None
    "Such as `redis://:password@host:6379/0`; `rediss://` for TLS."

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise PydanticCustomError("redis_url", "must begin with redis://, rediss:// or unix://")
        return url


class Models(Section):
    """The model files of the embedded default."""

    folder: Folder = Path("~/.cache/warmline/models")


class Model(Section):
    """The language model."""

    endpoint: EmbeddedOrUrl = "embedded"
    "`embedded` runs llama.cpp beside us; else the address of an OpenAI-compatible server, with its `/v1`."
    name: str = "qwen2.5-coder-1.5b-instruct"
    "As the endpoint knows it."
    file: str = "llm/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    "`embedded` only: a GGUF file under `models.folder`."
    api_key: SecretStr | None = None
    first_token_s: Annotated[float, Field(gt=0, le=60)] = 6.0
    reply_s: Annotated[float, Field(gt=0, le=600)] = 20.0
    slots: Annotated[int, Field(ge=1, le=256)] = 2
    "Requests answered at the same time."
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    cache_slots: Annotated[int, Field(ge=1, le=256)] = 4
    "`embedded` only: calls whose prompts are kept ready at the same time, each some 60 MB with its context."
    context_tokens: Annotated[int, Field(ge=512)] = 2048
    "`embedded` only: the longest prompt and answer."


class Speech(Section):
    """What the recogniser and the voice have in common."""

    endpoint: Url | None = None
    "`openai` only, and then needed: the address of the service, with its `/v1`."
    api_key: SecretStr | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    "`pipecat` only: for the service's `Settings`."

    @model_validator(mode="after")
    def _has_endpoint(self) -> Self:
        if getattr(self, "engine", None) == "openai" and self.endpoint is None:
            raise PydanticCustomError("endpoint_missing", "the engine `openai` needs an `endpoint`")
        return self


class Recogniser(Speech):
    """Speech to text."""

    engine: Literal["whisper", "moonshine", "openai", "pipecat"] = "whisper"
    """`moonshine` is several times faster, hears English only, and less well where calls are noisy; its files
    are optional: `warmline models pull --only moonshine-tiny`."""
    name: str = "whisper-base"
    """`whisper`, `moonshine`: a folder under `models.folder` (by default `moonshine-tiny` for that one);
    `openai`: a name at the endpoint; `pipecat`: a class."""
    language: str = "en"
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    number_lengths: Annotated[tuple[Annotated[int, Field(ge=2, le=20)], ...], BeforeValidator(split)] = (5,)
    "Digits of the numbers that callers dictate; who pauses inside one is waited for, who has said it is not."
    hot_words: str = "A customer calls a shop about an order, a refund, a return, a delivery or an address."
    "`whisper` only: what callers speak of, as a sentence; it then expects these words. May be empty."

    @property
    def embedded(self) -> bool:
        """Whether the model runs here."""
        return self.engine in ("whisper", "moonshine")

    @model_validator(mode="before")
    @classmethod
    def _named_after_its_engine(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("engine") == "moonshine":
            return {"name": "moonshine-tiny", **values}
        return values

    @model_validator(mode="after")
    def _speaks_its_language(self) -> Self:
        if self.engine == "moonshine" and self.language != "en":
            raise PydanticCustomError("language_unknown", "the engine `moonshine` hears English (`en`) only")
        return self


class Voice(Speech):
    """Text to speech."""

    engine: Literal["piper", "openai", "pipecat"] = "piper"
    name: str = "piper/en_US-joe-medium.onnx"
    "`piper`: a file under `models.folder`; `openai`: a name at the endpoint; `pipecat`: a class."
    speaker: str = "alloy"
    "`openai` only."
    phrases: Folder | None = Path("~/.cache/warmline/phrases")
    "`piper` only: where the sound of fixed sentences is kept from one start to the next; null: nowhere."


class IceServer(Section):
    """A STUN or TURN server as browsers take it."""

    urls: Names
    username: str | None = None
    credential: SecretStr | None = None


class Turn(Section):
    """Short-lived TURN credentials from a secret shared with the TURN server (its REST API scheme)."""

    urls: Names = ()
    secret: SecretStr | None = None
    lifetime_s: Annotated[int, Field(ge=60, le=86400)] = 3600


class WebRtc(Section):
    """Browser calls."""

    ice_servers: tuple[IceServer, ...] = ()
    turn: Turn = Turn()
    calls: Annotated[int, Field(ge=0)] | None = None
    """Connected at the same time, talking, waiting or being told that we are busy; more are answered `busy`
    without a word. By default 12 more than `limits.calls` + `limits.waiting`."""


class Agent(Section):
    """What the agent is and knows."""

    definition: Folder | None = None
    "YAML; by default the demo shop's."
    knowledge: Folder | None = None
    "A folder of Markdown articles; by default the demo shop's."
    tools: Names = ()
    "Tools that the language model may ask for by itself; for models that are good at it."


class Shop(Section):
    """The business service behind the tools."""

    endpoint: EmbeddedOrUrl = "embedded"
    token: SecretStr | None = None
    "For an endpoint of your own; the embedded shop gets a random one."
    database: Folder | None = None
    "The embedded shop's SQLite file; by default beside the session store."


class Limits(Section):
    """Bounds that keep one visitor from harming the others."""

    sessions: Annotated[int, Field(ge=1)] = 10_000
    "Held in memory at the same time."
    connections_per_address: Annotated[int, Field(ge=1)] = 200
    openings_per_minute: Annotated[int, Field(ge=1)] = 300
    "New chats and calls from one address."
    frame_bytes: Annotated[int, Field(ge=1024, le=1_048_576)] = 16_384
    message_characters: Annotated[int, Field(ge=1, le=4_000)] = 4_000
    messages: Annotated[int, Field(ge=1)] = 20
    "Within `messages_window_s`, on one connection."
    messages_window_s: Annotated[float, Field(gt=0)] = 10.0
    body_bytes: Annotated[int, Field(ge=1024)] = 262_144
    reply_s: Annotated[float, Field(gt=0)] = 45.0
    "A chat reply that is not done by then is ended with an honest sentence."
    idle_s: Annotated[float, Field(gt=0)] = 300.0
    "A session nobody is connected to leaves memory after this time; the store keeps it."
    calls: Annotated[int, Field(ge=1)] | None = None
    "Talked with at the same time. By default 2 for each core with the embedded recogniser, else 20."
    waiting: Annotated[int, Field(ge=0)] | None = None
    "Further callers that may wait for a place. By default as many as `calls`; more are told to come later."
    wait_s: Annotated[float, Field(gt=0)] = 180.0
    "A caller who waited so long is told that we cannot take the call."
    drain_s: Annotated[float, Field(ge=0)] = 30.0
    "How long a stopping gateway waits for replies and calls under way."


class Logging(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"
    "`auto`: colours on a terminal, else JSON lines."
    pii: bool = False
    "Write personal data in clear; for debugging on made-up data only."


class Tracing(Section):
    """OpenTelemetry spans; none without an endpoint. The standard `OTEL_…` variables fill this too."""

    endpoint: Url | None = None
    "A collector that takes OTLP over HTTP; `/v1/traces` is added."
    traces_endpoint: Url | None = None
    "The same as a complete address; goes first."
    headers: Annotated[dict[str, SecretStr], BeforeValidator(_header_list)] = Field(default_factory=dict)
    service_name: str = "warmline"
    disabled: bool = False

    @property
    def address(self) -> str | None:
        """Where spans are sent; None: nowhere."""
        if self.disabled:
            return None
        return self.traces_endpoint or (f"{self.endpoint.rstrip('/')}/v1/traces" if self.endpoint else None)


class Config(Section):
    """The whole configuration."""

    http: Http = Http()
    store: Store = Field(default_factory=Store)
    redis: Redis = Redis()
    models: Models = Models()
    model: Model = Model()
    recogniser: Recogniser = Recogniser()
    voice: Voice = Voice()
    webrtc: WebRtc = WebRtc()
    telephone: Telephone = Telephone()
    streams: Streams = Streams()
    queues: Queues = Queues()
    desk: DeskSettings = DeskSettings()
    files: FileSettings = FileSettings()
    agent: Agent = Agent()
    shop: Shop = Shop()
    limits: Limits = Limits()
    logging: Logging = Logging()
    tracing: Tracing = Tracing()

    @field_validator("queues")
    @classmethod
    def _phones_can_be_called(cls, queues: Queues, info: ValidationInfo) -> Queues:
        telephone: Telephone | None = info.data.get("telephone")
        if telephone is not None:
            check_phones(queues, telephone)
        return queues


def load(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Config:
    """The configuration of this process; raises `ConfigError`.

    `file` must exist when given. `environment` is that of the process unless a test says otherwise.
    """
    variables = os.environ if environment is None else environment
    if file is None and Path(USUAL_FILE).is_file():
        file = Path(USUAL_FILE)
    marked = _read(file) if file is not None else marked_yaml.Marked({}, {})
    values: dict[str, Any] = dict(marked.value)
    named = _overlay(values, variables)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        details = sorted(error.errors(include_url=False), key=lambda detail: marked.line(detail["loc"]))
        problems = [_explain(detail, file, marked, named) for detail in details]
        raise ConfigError(problems) from None


def state_folder() -> Path:
    """Where this process keeps its files: `$XDG_STATE_HOME/warmline`, or `./var`."""
    home = os.environ.get("XDG_STATE_HOME")
    return Path(home) / "warmline" if home else Path("var").resolve()


def _default_store() -> str:
    return f"sqlite+aiosqlite:///{state_folder() / 'warmline.sqlite'}"


def _read(file: Path) -> marked_yaml.Marked:
    try:
        marked = marked_yaml.parse(file.read_text(encoding="utf-8"))
    except marked_yaml.YamlError as error:
        raise ConfigError([f"{file}:{error.line}: {error}"]) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError([f"{file}: cannot be read: {reason}"]) from error
    if not isinstance(marked.value, dict):
        raise ConfigError([f"{file}:1: the configuration is a mapping of sections, such as `http:`"])
    return marked


def _overlay(values: dict[str, Any], variables: Mapping[str, str]) -> dict[marked_yaml.Path, str]:
    """Put the environment's values over the file's; return which variable gave which path."""
    named: dict[marked_yaml.Path, str] = {}
    given: list[tuple[tuple[str, ...], str]]
    given = [(path, variable) for variable, path in STANDARD.items() if variables.get(variable)]
    for variable in sorted(variables):
        if variable.startswith(PREFIX):
            given.append((tuple(variable.removeprefix(PREFIX).lower().split("__")), variable))
    for path, variable in given:
        text = variables[variable]
        inner = values
        for key in path[:-1]:
            below = inner.get(key)
            inner[key] = dict(below) if isinstance(below, dict) else {}
            inner = inner[key]
        inner[path[-1]] = yaml.safe_load(text) if text.startswith(("[", "{")) else text
        named[path] = variable
    return named


def _explain(
    detail: ErrorDetails,
    file: Path | None,
    marked: marked_yaml.Marked,
    named: Mapping[marked_yaml.Path, str],
) -> str:
    keys = detail["loc"]
    around = [keys[:length] for length in range(len(keys), 0, -1)]
    variable = next((named[path] for path in around if path in named), None)
    if variable is None and keys not in marked.lines:  # a whole section that only the environment has
        variable = next((name for path, name in named.items() if path[: len(keys)] == keys), None)
    where = f"environment variable {variable}" if variable else f"{file}:{marked.line(keys)}"
    return f"{where}: {'.'.join(map(str, keys))}: {_advice(detail)}"


def _advice(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        *section, key = detail["loc"]
        known = _keys(section)
        near = difflib.get_close_matches(str(key), known, 1)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
        return f"there is no such key; {hint}"
    if detail["type"] == "string_pattern_mismatch":
        choice = "`embedded` or " if "embedded" in detail["ctx"]["pattern"] else ""
        return f"must be {choice}an address that begins with http:// or https://"
    message = detail["msg"]
    return message[0].lower() + message[1:]


def _keys(path: Sequence[str | int]) -> list[str]:
    """The keys that the section at `path` knows."""
    section: type[BaseModel] = Config
    for key in path:
        if isinstance(key, str):
            annotation = section.model_fields[key].annotation
            inner = [annotation, *get_args(annotation)]
            section = next(a for a in inner if isinstance(a, type) and issubclass(a, BaseModel))
    return list(section.model_fields)
