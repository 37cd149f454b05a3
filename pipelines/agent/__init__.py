"""The agent: what a customer means, what may be done about it, and what is said. One core, two mouths.

The model asks, code decides. Every turn goes the same way::

    UNDERSTAND  understand.py   words -> commands: rules, a classifier, the model, a question back
    DECIDE      workflow.py     commands and tool results -> the next step and where we stand      [core]
    ACT         actions.py      a step -> a call through the toolbox's gate, as facts
    SAY         wording.py      templates for what must be exact; grounded.py and tool_loop.py for the rest

`agent.py` joins them and yields words, their basis and facts; whoever runs it stores each fact before
asking for the next piece, so the conversation is always the agent's only memory. A restart loses nothing.

What holds whatever a model writes:

* a tool that changes something runs only after our own confirmation question and a yes directly after it;
* values come from the customer's words, a tool result or the verified identity;
* figures in a knowledge answer stand in the passages it cites, else the passage itself is quoted;
* a sentence that claims a deed has a receipt, else an honest sentence takes its place;
* the customer hears something true within three seconds, model or no model (`patience.py`).

Who the agent is and what it does for whom is data: `definitions/*.yaml`, read and checked by
`definition.py`. Model endpoints are any that speak OpenAI's protocol (`model.py`); the embedded one is a
llama.cpp server in a child process (`llama_server.py`). Cores know no clock, no socket and no model.

    assembly.py turn.py                             builds an agent; the answer to one turn while it is made
    rules.py classifier.py slots.py values.py       what words say, which example is near, which values
    commands.py steps.py position.py                between understanding and deciding; where we stand
    claims.py figures.py clauses.py sayings.py      what is checked; what is spoken early, or known by heart
    answer_cache.py listening.py                    answers given before; what is done while we listen
    language_model.py routing.py breaker.py         what a model is to us, which does what, when none
    model_answer.py tool_calls.py cache_slots.py    reading what it streams; which call has which prompt cache
    advice.py recall.py retelling.py glossary.py    what it does for a person who talks with the customer
    definition_file.py prompt_texts.py offload.py   files read once; blocking work off the event loop
"""
