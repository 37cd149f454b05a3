"""`python -m bench NAME`: runs one benchmark, or writes the page of them all."""

import argparse
import importlib
import sys

BENCHMARKS = ("voice", "stt", "turns", "capacity", "report")


def main() -> int:
    """Run what was asked for; each benchmark module has `add_arguments(parser)` and `run(options)`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Warmline beside its peers.")
    commands = parser.add_subparsers(dest="benchmark", required=True)
    modules = {}
    for name in BENCHMARKS:
        try:
            modules[name] = importlib.import_module(f"bench.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"bench.{name}":
                raise
            continue
        summary = (modules[name].__doc__ or "").partition("\n")[0]
        modules[name].add_arguments(commands.add_parser(name, help=summary, description=summary))
    options = parser.parse_args()
    status: int = modules[options.benchmark].run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
