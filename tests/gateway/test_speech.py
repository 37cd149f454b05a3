from pathlib import Path

from gateway import config
from gateway.speech import voice_settings
from gateway.weights import catalogue
from pipelines.moonshine import MoonshineSettings
from pipelines.services import PipecatService
from pipelines.synthesizer import PiperSettings
from pipelines.whisper import WhisperSettings

MODELS = {"WARMLINE_MODELS__FOLDER": "models"}


def test_by_default_ears_and_voice_are_files_in_the_models_folder() -> None:
    settings = voice_settings(config.load(None, MODELS), ("Hello.",))
    assert isinstance(settings.recognizer, WhisperSettings) and isinstance(settings.voice, PiperSettings)
    assert settings.recognizer.folder == Path("models/whisper-base")
    assert settings.voice.voice == Path("models/piper/en_US-joe-medium.onnx")
    assert settings.silero == Path("models/turn/silero_vad.onnx")
    assert settings.learnt == ("Hello.",)


def test_learnt_phrases_are_kept_in_the_cache_or_nowhere(tmp_path: Path) -> None:
    assert voice_settings(config.load(None, MODELS)).phrases_folder == Path.home() / ".cache/warmline/phrases"
    nowhere = tmp_path / "warmline.yaml"
    nowhere.write_text("voice: {phrases: null}")
    assert voice_settings(config.load(nowhere, MODELS)).phrases_folder is None


def test_the_default_files_are_those_that_the_models_command_fetches() -> None:
    fetched = {file.path for model in catalogue.select() for file in model.files}
    settings = voice_settings(config.load(None, MODELS))
    assert isinstance(settings.recognizer, WhisperSettings) and isinstance(settings.voice, PiperSettings)
    needed = [
        settings.silero,
        settings.smart_turn,
        settings.voice.voice,
        settings.recognizer.folder / "model.bin",
        Path("models") / config.Model().file,
        Path("models/minilm/model.onnx"),
    ]
    assert {path.relative_to("models").as_posix() for path in needed} <= fetched


def test_moonshine_is_a_word_in_the_configuration_and_its_files_can_be_fetched() -> None:
    settings = voice_settings(config.load(None, MODELS | {"WARMLINE_RECOGNISER__ENGINE": "moonshine"}))
    assert settings.recognizer == MoonshineSettings(Path("models/moonshine-tiny"), cpu_threads=2)
    assert catalogue.MOONSHINE_TINY.folder == settings.recognizer.folder.name


def test_a_service_with_openais_interface_can_take_their_place() -> None:
    variables = {
        "WARMLINE_RECOGNISER__ENGINE": "openai",
        "WARMLINE_RECOGNISER__ENDPOINT": "http://localhost:1/v1",
        "WARMLINE_RECOGNISER__NAME": "big-ears",
        "WARMLINE_RECOGNISER__API_KEY": "sk-1",
        "WARMLINE_VOICE__ENGINE": "openai",
        "WARMLINE_VOICE__ENDPOINT": "http://localhost:2/v1",
        "WARMLINE_VOICE__NAME": "loud",
    }
    settings = voice_settings(config.load(None, variables))
    assert isinstance(settings.recognizer, PipecatService) and isinstance(settings.voice, PipecatService)
    assert settings.recognizer.arguments["base_url"] == "http://localhost:1/v1"
    assert settings.recognizer.arguments["api_key"] == "sk-1"
    assert settings.recognizer.settings["model"] == "big-ears"
    assert settings.voice.arguments["api_key"] == "none"
    assert settings.voice.settings == {"model": "loud", "voice": "alloy"}


def test_any_service_of_pipecat_can_be_named() -> None:
    variables = {
        "WARMLINE_RECOGNISER__ENGINE": "pipecat",
        "WARMLINE_RECOGNISER__NAME": "pipecat.services.deepgram.stt.DeepgramSTTService",
        "WARMLINE_RECOGNISER__API_KEY": "dg-1",
        "WARMLINE_RECOGNISER__SETTINGS": '{"model": "nova"}',
    }
    service = voice_settings(config.load(None, variables)).recognizer
    assert service == PipecatService(
        "pipecat.services.deepgram.stt.DeepgramSTTService", {"api_key": "dg-1"}, {"model": "nova"}
    )
