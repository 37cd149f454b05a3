"""Builds an agent from its parts: what the composition root calls once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pipelines.agent.actions import Tools
from pipelines.agent.advice import Advice
from pipelines.agent.agent import Agent
from pipelines.agent.classifier import Classifier, Embedder
from pipelines.agent.definition import Definition
from pipelines.agent.grounded import Grounded, Knowledge
from pipelines.agent.language_model import LanguageModel, Limits, Message, ModelUnavailable
from pipelines.agent.model import Model
from pipelines.agent.offload import Offload, ThreadOffload
from pipelines.agent.patience import Patience
from pipelines.agent.prompt_texts import ANSWER
from pipelines.agent.retelling import Retelling
from pipelines.agent.routing import Endpoints
from pipelines.agent.tool_loop import LoopSettings, ToolLoop
from pipelines.agent.turn import Parts
from pipelines.agent.understand import Understander, understand_prompt

_WARM = Limits(first_token_s=30.0, total_s=30.0)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an agent is put into."""

    tools: Tools
    "A `tools.toolbox.Toolbox`."
    knowledge: Knowledge
    "A `knowledge.index.KnowledgeIndex`."
    embedder: Embedder
    "A `knowledge.embedding.SentenceEmbedder`."
    clock: Callable[[], float]
    "Unix time in seconds."
    offload: Offload | None = None
    "Where blocking work runs; by default a thread of the agent's own."


def build_agent(
    definition: Definition,
    models: Endpoints,
    surroundings: Surroundings,
    patience: Patience | None = None,
) -> Agent:
    """An agent, ready to answer. Blocks for about a second: it embeds the definition's examples.

    Raises:
        EmbeddingUnavailable: the embedding model does not run.
    """
    threads = ThreadOffload() if surroundings.offload is None else None
    offload = surroundings.offload or threads
    assert offload is not None
    classifier = Classifier(definition, surroundings.embedder)
    phrasing = models.answer if models.phrases else None
    grounded = Grounded(definition, surroundings.knowledge, offload, phrasing)

    async def covered(question: str) -> float:
        finding = await grounded.find(question)
        return finding.matches[0].score if finding.matches else 0.0

    tool_loop = None
    if models.answer is not None:
        tool_loop = ToolLoop(definition, models.answer, surroundings.tools, LoopSettings(models.tools))
    parts = Parts(
        definition=definition,
        understander=Understander(definition, classifier, offload, covered, models.understand),
        grounded=grounded,
        tools=surroundings.tools,
        clock=surroundings.clock,
        tool_loop=tool_loop,
    )

    async def prefill() -> None:
        if phrasing is not None:
            await _warm(phrasing, _system(ANSWER.format(persona=definition.persona)))
        if tool_loop is not None:
            await _warm(models.answer, *tool_loop.opening())
        await _warm(models.understand, _system(understand_prompt(definition)))

    async def shut() -> None:
        for model in {id(each): each for each in (models.understand, models.answer)}.values():
            if isinstance(model, Model):
                await model.close()
        if threads is not None:
            threads.close()

    # What is only suggested must not cost a customer's answer its model.
    quick = replace(
        parts,
        understander=Understander(definition, classifier, offload, covered),
        grounded=Grounded(definition, surroundings.knowledge, offload, None),
        tool_loop=None,
    )
    retelling = Retelling(phrasing) if phrasing is not None else None
    advisor = Advice(parts, quick, retelling)
    return Agent(parts, patience or Patience(), prefill, shut, advisor)


def _system(prompt: str) -> Message:
    return {"role": "system", "content": prompt}


async def _warm(model: LanguageModel | None, first: Message, tools: Sequence[Mapping[str, Any]] = ()) -> None:
    """Have a model read what its prompts begin with. One that is down is found out when it is needed."""
    if isinstance(model, Model):
        with suppress(ModelUnavailable):
            await model.warm([first], tools, _WARM)
