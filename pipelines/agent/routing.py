"""Which model does what: a small one may guess intents while a large one answers, or one does both."""

from dataclasses import dataclass

from pipelines.agent.language_model import LanguageModel
from pipelines.agent.model import Model, ModelSettings


@dataclass(frozen=True, slots=True)
class ModelRouting:
    """Endpoints by task; None leaves the task to rules, templates and quotes."""

    understand: ModelSettings | None = None
    answer: ModelSettings | None = None
    tools: tuple[str, ...] = ()
    "Tools that the answering model may ask for by itself; for models that are good at it."
    phrases: bool = True
    "Whether the answering model puts what a passage probably answers into words; a small one does it badly."


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The clients by task."""

    understand: LanguageModel | None = None
    answer: LanguageModel | None = None
    tools: tuple[str, ...] = ()
    phrases: bool = True
    "See `ModelRouting`."


def endpoints(routing: ModelRouting) -> Endpoints:
    """A client for each endpoint; tasks with the same settings share one, its slots and its breaker."""
    clients = {settings: Model(settings) for settings in {routing.understand, routing.answer} if settings}
    return Endpoints(
        understand=clients[routing.understand] if routing.understand else None,
        answer=clients[routing.answer] if routing.answer else None,
        tools=routing.tools,
        phrases=routing.phrases,
    )
