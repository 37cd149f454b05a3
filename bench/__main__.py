"""`python -m bench NAME`: runs one benchmark, or writes the page of them all."""

import argparse
import importlib
import signal
import sys

BENCHMARKS = {
    "voice": "a spoken turn, voice to voice, against stock pipecat and livekit-agents",
    "stt": "end of speech to final text, and word error rates",
    "turns": "false cut-offs, and noise and music that must start no turn",
    "capacity": "calls per core with stubbed models, WebRTC sessions, idle chats",
    "overload": "three times the calls that these cores carry",
    "sip": "telephone calls: processor, lateness, delay and memory, against two peers",
    "bridge": "calls handed to a person: the gap at the switch, the delay added, the processor",
    "report": "docs/benchmarks.md and its charts from the results that are there",
}


def main() -> int:
    """Run what was asked for; each benchmark module has `add_arguments(parser)` and `run(options)`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Warmline beside its peers.")
    commands = parser.add_subparsers(dest="benchmark", required=True)
    for name, summary in BENCHMARKS.items():
        commands.add_parser(name, help=summary, add_help=False)
    chosen: str = parser.parse_known_args(sys.argv[1:2])[0].benchmark
    benchmark = importlib.import_module(f"bench.{chosen}")
    own = argparse.ArgumentParser(prog=f"python -m bench {chosen}", description=benchmark.__doc__)
    benchmark.add_arguments(own)
    # Raised where we are, so that what a benchmark has started is ended when somebody ends the benchmark.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    status: int = benchmark.run(own.parse_args(sys.argv[2:]))
    return status


if __name__ == "__main__":
    sys.exit(main())
