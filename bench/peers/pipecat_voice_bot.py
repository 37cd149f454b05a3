"""Stock pipecat 1.14 with local models, set up as its own templates do, for `bench voice`.

    python pipecat_voice_bot.py --host 127.0.0.1 --port PORT

The environment says what it speaks with: `WHISPER` (folder of a CTranslate2 model), `PIPER` (an .onnx voice),
`LLM_URL` and `LLM_NAME` (an OpenAI-compatible endpoint), `PERSONA` (the system instruction). Every other
setting is its default: Silero, turn strategies with smart-turn v3.2, the Whisper and the Piper service.
"""

import os
from pathlib import Path

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import LLMRunFrame
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.utils import create_transport
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

TRANSPORTS = {"webrtc": lambda: TransportParams(audio_in_enabled=True, audio_out_enabled=True)}


def services():
    """Recogniser, model and voice, with pipecat's defaults but for which files and endpoint they use."""
    voice = Path(os.environ["PIPER"])
    return (
        WhisperSTTService(settings=WhisperSTTService.Settings(model=os.environ["WHISPER"])),
        OpenAILLMService(
            api_key="none",
            base_url=os.environ["LLM_URL"],
            settings=OpenAILLMService.Settings(
                model=os.environ["LLM_NAME"], system_instruction=os.environ["PERSONA"]
            ),
        ),
        PiperTTSService(
            download_dir=voice.parent,
            settings=PiperTTSService.Settings(voice=voice.name.removesuffix(".onnx")),
        ),
    )


async def bot(runner_args):
    """Talk with one caller until he hangs up."""
    transport = await create_transport(runner_args, TRANSPORTS)
    stt, llm, tts = services()
    context = LLMContext()
    user, assistant = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    latency = UserBotLatencyObserver()
    worker = PipelineWorker(
        Pipeline([transport.input(), stt, user, llm, tts, transport.output(), assistant]),
        params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
        observers=[latency],
    )
    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)

    @latency.event_handler("on_latency_breakdown")
    async def on_latency_breakdown(_, breakdown):
        stages = {part.key: round(part.duration_secs * 1000) for part in breakdown.contributions}
        await worker.rtvi.send_server_message({"stages": stages})

    @worker.rtvi.event_handler("on_client_ready")
    async def on_client_ready(_):
        context.add_message({"role": "developer", "content": "Start by concisely introducing yourself."})
        await worker.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(*_):
        await runner.cancel()

    await runner.run()


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
