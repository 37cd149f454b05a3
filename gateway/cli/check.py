"""`warmline check`: reads the configuration, the agent's definition and the articles, and says what is wrong.

Starts nothing and changes nothing. Every fault is a line `file:line: what, and what to do`. Exit codes: 0 all
is well (there may be warnings), 1 there are faults.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway import config
from gateway.answering import articles, definition_file, tool_names
from gateway.config import ConfigError
from gateway.sip.tls import server_context
from gateway.trunks import Telephone
from knowledge.ingest import read_folder
from knowledge.problem import Severity
from pipelines.agent.definition_file import check_definition
from pipelines.facts import Unavailable

FAULTY = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    text: str
    is_fault: bool


def check(
    file: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file; else ./warmline.yaml.", dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Check the configuration, the agent's definition and the knowledge."""
    findings = look(file)
    faults = [finding for finding in findings if finding.is_fault]
    if as_json:
        texts = {"faults": faults, "warnings": [f for f in findings if not f.is_fault]}
        typer.echo(json.dumps({key: [f.text for f in found] for key, found in texts.items()}, indent=2))
    else:
        console = Console()
        for finding in findings:
            style = "red" if finding.is_fault else "yellow"
            console.print(finding.text, style=style, highlight=False, soft_wrap=True, markup=False)
        warnings = len(findings) - len(faults)
        typer.echo(f"{len(faults)} faults, {warnings} warnings" if findings else "everything is in order")
    if faults:
        raise typer.Exit(FAULTY)


def look(file: Path | None) -> list[Finding]:
    """Everything that is wrong, the configuration first; without one nothing else can be looked at."""
    try:
        settings = config.load(file)
    except ConfigError as error:
        return [Finding(problem, is_fault=True) for problem in error.problems]
    faults = check_definition(definition_file(settings), tool_names())
    findings = [Finding(str(problem), is_fault=True) for problem in faults]
    findings += [Finding(problem, is_fault=True) for problem in _certificates(settings.telephone)]
    folder = articles(settings)
    for problem in read_folder(folder).problems:
        text = f"{folder / problem.path}:{problem.line}: {problem.message}"
        findings.append(Finding(text, is_fault=problem.severity is Severity.ERROR))
    return findings


def _certificates(telephone: Telephone) -> list[str]:
    """Files that the telephone cannot begin with."""
    if not any(at.transport == "tls" for at in telephone.listen):
        return []
    try:
        server_context(telephone.tls)
    except Unavailable as error:
        return [f"telephone.tls: {error}"]
    return []
