"""`python -m bench NAME`: runs one benchmark, or writes the page of them all."""

import argparse
import importlib
import sys

BENCHMARKS = {
    "voice": "a spoken turn, voice to voice, beside the peers",
    "stt": "end of speech to final text, and word error rates",
    "turns": "false cut-offs; noise and music that must start no turn",
    "capacity": "calls per core with stubbed models, WebRTC sessions, idle chats",
    "report": "write docs/benchmarks.md and its charts from bench/results/",
}


def main() -> int:
    """Run what was asked for; each benchmark module has `add_arguments(parser)` and `run(options)`.

    Only that module is loaded, so that a benchmark does not measure what others need.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Warmline beside its peers.")
    commands = parser.add_subparsers(dest="benchmark", required=True)
    named = next((word for word in sys.argv[1:] if word in BENCHMARKS), None)
    module = importlib.import_module(f"bench.{named}") if named else None
    for name, summary in BENCHMARKS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == named and module is not None:
            module.add_arguments(command)
    options = parser.parse_args()
    assert module is not None  # else the parser has ended us
    status: int = module.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
