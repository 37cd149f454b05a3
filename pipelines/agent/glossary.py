"""The words that a briefing needs, read from an agent's definition. [core]"""

import re

from pipelines.agent.definition import Definition, placeholders
from pipelines.briefing_parts import Glossary

_YOUR = re.compile(r"\byour\b")


def glossary_of(definition: Definition, language: str = "en") -> Glossary:
    """Intents as one speaks of a third person, questions as they are written."""
    slots = {
        name: slot
        for workflow in definition.workflows
        for name, slot in definition.slots_of(workflow).items()
    }
    return Glossary(
        intents={name: _YOUR.sub("their", workflow.about) for name, workflow in definition.workflows.items()},
        questions={
            name: slot.ask.chat for name, slot in slots.items() if not list(placeholders(slot.ask.chat))
        },
        deeds={
            tool: name for name, workflow in definition.workflows.items() for tool in workflow.write_tools()
        },
        proofs=frozenset({definition.identity.proof}),
        identity_tool=definition.identity.tool,
        note_tool=definition.note.use if definition.note else None,
        language=language,
    )
