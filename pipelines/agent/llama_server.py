"""The embedded language model: a llama.cpp server as a child process, speaking OpenAI's protocol on loopback.

    python -m pipelines.agent.llama_server --model GGUF --threads 2 --slots 4 --context 8192

When it is ready it prints one JSON line `{"port": N}` on stdout; all logs go to stderr. It ends when stdin
reaches its end or on SIGTERM, so it dies with its parent even when that is killed. A process of its own,
because the model's threads would starve an event loop and a crash in native code must cost a reply, not
the calls.

Qwen2.5-Coder writes tool calls as bare JSON under the template in its file; `templates/qwen2.5-tools.jinja`
asks for the `<tool_call>` form and gives tool results back in the form the model was trained on.
"""

import argparse
import json
import os
import signal
import threading
from pathlib import Path
from urllib.parse import urlsplit

# Before the library is loaded, for it looks then. Its threads meet some hundred times a token, and one that
# spins while the other waits for a core keeps the core from it: with recogniser and voice on the same two
# cores, two threads that spin made 0.5 to 1.7 tokens a second where two that sleep made 2.5 to 6. On idle
# cores those that sleep make 8.9 and those that spin 11.7; a spin this short makes 11.4.
os.putenv("GOMP_SPINCOUNT", "1000")
import xllamacpp

TEMPLATE = Path(__file__).parent / "templates" / "qwen2.5-tools.jinja"
_CACHE_MIB = 512
"Prompts kept in memory beside the slots, so that a long conversation need not be read again."

_BATCH = 32
"""Prompt tokens read between two looks at what else there is to do. A prompt that was given up, such as one
read ahead, is left only there: after 0.4 s on two idle cores; with llama.cpp's own 2048, at its end."""


def parameters(model: Path, threads: int, slots: int, context: int) -> xllamacpp.CommonParams:
    """llama.cpp's settings for a small instruct model on a CPU. `context` is in tokens, for all slots."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = context
    params.n_parallel = slots
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_gpu_layers = 0
    params.n_batch = params.n_ubatch = _BATCH
    params.cache_prompt = True
    params.cache_ram_mib = _CACHE_MIB
    params.use_jinja = True
    params.chat_template = TEMPLATE.read_text(encoding="utf-8")
    params.warmup = True
    params.ui = False
    params.endpoint_slots = False
    return params


def _logs_to_stderr() -> int:
    """Point file descriptor 1 at stderr, for native code logs there; gives the real stdout."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    return stdout


def _end_with_parent() -> None:
    """End when stdin does; a parent that was killed closes it too."""
    while os.read(0, 4096):
        pass
    _end()


def _end(*_: object) -> None:
    """End at once: native threads may be in the middle of a token; nothing of ours is left to save.

    As a signal's handler it must not wait for a lock, which the code that it interrupts may hold.
    """
    os._exit(0)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="The embedded language model's server.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--slots", type=int, default=4, help="prompts kept; calls are bounded by the client")
    parser.add_argument("--context", type=int, default=8192)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    options = parser.parse_args()
    if not options.model.is_file():
        parser.error(f"{options.model} is missing; run `warmline models pull`")
    stdout = _logs_to_stderr()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    threading.Thread(target=_end_with_parent, name="stdin", daemon=True).start()
    settings = parameters(options.model, options.threads, options.slots, options.context)
    settings.port = options.port
    server = xllamacpp.Server(settings)
    port = urlsplit(server.listening_address).port
    os.write(stdout, (json.dumps({"port": port}) + "\n").encode())
    threading.Event().wait()  # for one of the ends above


if __name__ == "__main__":
    main()
