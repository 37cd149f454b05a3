"""Which ears and which voice the configuration asks for, as the settings of `pipelines.voice_models`."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from gateway.config import Config, Recogniser, Voice
from pipelines.moonshine import MoonshineSettings
from pipelines.phrases import Phrases
from pipelines.services import PipecatService, openai_recognizer, openai_voice
from pipelines.synthesizer import PiperSettings
from pipelines.voice_models import VoiceSettings
from pipelines.whisper import WhisperSettings


def voice_settings(
    config: Config, learnt: tuple[str, ...] = (), often: tuple[str, ...] = ()
) -> VoiceSettings:
    """The voice models of this configuration; what to know by heart as `VoiceSettings` has it."""
    folder = config.models.folder
    return VoiceSettings(
        silero=folder / "turn" / "silero_vad.onnx",
        smart_turn=folder / "turn" / "smart-turn-v3.2-cpu.onnx",
        recognizer=_recognizer(config.recogniser, folder),
        voice=_voice(config.voice, folder),
        phrases=Phrases(),
        learnt=learnt,
        often=often,
        phrases_folder=config.voice.phrases,
    )


def _recognizer(wanted: Recogniser, folder: Path) -> WhisperSettings | MoonshineSettings | PipecatService:
    match wanted.engine:
        case "whisper":
            model = folder / wanted.name
            return WhisperSettings(model, wanted.language, wanted.threads, hot_words=wanted.hot_words)
        case "moonshine":
            return MoonshineSettings(folder / wanted.name, wanted.threads)
        case "openai":
            url, key = _endpoint(wanted.endpoint, wanted.api_key)
            return openai_recognizer(url, key, wanted.name, wanted.language)
        case "pipecat":
            return PipecatService(wanted.name, _arguments(wanted.api_key), wanted.settings)


def _voice(wanted: Voice, folder: Path) -> PiperSettings | PipecatService:
    match wanted.engine:
        case "piper":
            return PiperSettings(folder / wanted.name)
        case "openai":
            url, key = _endpoint(wanted.endpoint, wanted.api_key)
            return openai_voice(url, key, wanted.name, wanted.speaker)
        case "pipecat":
            return PipecatService(wanted.name, _arguments(wanted.api_key), wanted.settings)


def _endpoint(url: str | None, key: SecretStr | None) -> tuple[str, str]:
    assert url is not None, "the configuration demands an endpoint for this engine"
    return url, key.get_secret_value() if key else "none"


def _arguments(key: SecretStr | None) -> dict[str, Any]:
    return {"api_key": key.get_secret_value()} if key else {}
