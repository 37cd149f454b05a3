"""A stock pipecat bot with stub services, for `bench capacity`.

The pipeline, voice activity detection, turn strategies and parameters are those of pipecat's own examples;
only the recogniser, the model and the voice are stubs, derived from pipecat's service classes.
"""

import asyncio
from dataclasses import fields

from loguru import logger

from bench.capacity_load import FIRST_TOKEN_S, RECOGNISER_S, TOKEN_S, TRANSCRIPT, VOICE_S, Script, tokens

logger.remove()  # its own log would cost it more than anything

from pipecat.audio.vad.silero import SileroVADAnalyzer  # noqa: E402
from pipecat.frames.frames import (  # noqa: E402
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline  # noqa: E402
from pipecat.pipeline.worker import PipelineParams, PipelineWorker  # noqa: E402
from pipecat.processors.aggregators.llm_context import LLMContext  # noqa: E402
from pipecat.processors.aggregators.llm_response_universal import (  # noqa: E402
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.llm_service import LLMService  # noqa: E402
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings  # noqa: E402
from pipecat.services.stt_service import SegmentedSTTService  # noqa: E402
from pipecat.services.tts_service import TTSService  # noqa: E402
from pipecat.utils.time import time_now_iso8601  # noqa: E402

CHUNK = 1_280
"40 ms."


class StubRecogniser(SegmentedSTTService):
    """Hears the same every time."""

    def __init__(self):
        super().__init__(settings=STTSettings(model="stub", language=None))

    async def run_stt(self, audio):
        await asyncio.sleep(RECOGNISER_S)
        yield TranscriptionFrame(TRANSCRIPT, "caller", time_now_iso8601())


class StubModel(LLMService):
    """Answers the same every time."""

    def __init__(self):
        unset = dict.fromkeys(f.name for f in fields(LLMSettings) if f.init and f.name != "extra")
        super().__init__(settings=LLMSettings(**(unset | {"model": "stub"})))

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await asyncio.sleep(FIRST_TOKEN_S)
        for token in tokens():
            await self._push_llm_text(token)
            await asyncio.sleep(TOKEN_S)
        await self.push_frame(LLMFullResponseEndFrame())


class StubVoice(TTSService):
    """Speaks a piece of recorded speech of the right length."""

    def __init__(self, script: Script):
        super().__init__(
            sample_rate=16_000,
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model="stub", voice="stub", language=None),
        )
        self._script = script

    async def run_tts(self, text, context_id):
        await asyncio.sleep(VOICE_S)
        sound = self._script.speech(text)
        for at in range(0, len(sound), CHUNK):
            yield TTSAudioRawFrame(sound[at : at + CHUNK], 16_000, 1, context_id=context_id)


def bot(transport, script: Script) -> PipelineWorker:
    """The documented pipeline over a transport."""
    context = LLMContext()
    pair = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    pipeline = Pipeline(
        [
            transport.input(),
            StubRecogniser(),
            pair.user(),
            StubModel(),
            StubVoice(script),
            transport.output(),
            pair.assistant(),
        ]
    )
    params = PipelineParams(
        audio_in_sample_rate=16_000,
        audio_out_sample_rate=16_000,
        enable_metrics=True,
        enable_usage_metrics=True,
    )
    return PipelineWorker(pipeline, params=params, cancel_runner_on_idle_timeout=False)
