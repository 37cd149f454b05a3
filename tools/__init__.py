"""What the agent can do: tools behind one gate, which decides from facts and never from words.

    ToolCall ─► Toolbox.call ─► signature ─► gate ─► facts ─► gate ─► tool ─► service
                                reads it    invented?  from    theirs? rules?    │
                                leniently   verified?  service confirmed?        ▼
                                                                  ToolResult (Receipt, Refusal, wish)

- `tool`         the words everybody shares: call, result, refusal, receipt, evidence, identity
- `declaration`  a tool as a typed function with its policy; `schema` and `arguments` make JSON schemas of
  signatures and read what models send; `policy` is the vocabulary of declarations
- `gate`         every rule of the business in one file [core]; `refusals` every sentence it may answer
- `evidence`     was this said, found or proven, or invented? [core]; `numerals`, `places` read speech
- `toolbox`      deadlines, safe retries, idempotency keys, order of calls, metrics
- `connector`    the client of the shop's service, answers validated as `records`
- `orders`, `identity`, `accounts`, `stores`, `tickets`, `handoff`   the tools, one file a subject
- `shop_toolbox` all of them together
- `shop/`        the demo business itself, a separate process; nothing here imports it

Rules for who adds a tool: declare in `ToolPolicy.sources` every argument that must not be made up; put
nothing into `Answer.data` that the model phrased (what stands there counts as evidence later); personal data
goes into `Answer.pii`; a tool that changes something hands `Permit.key` to a service that honours it, and
gives the service's receipt; amounts and owners come from `Permit.case.facts`, never from arguments.
"""
