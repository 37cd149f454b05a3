"""The agents' desk: people who are signed in, what rings for them, and what they may see and do.

A `Desk` is this node's share of it. Each agent who is here has one `Seat`, however many tabs they have open:
presence, the offers that ring, the sessions that are theirs. A tab is a `Place` with an outbox that never
makes anybody wait: what the desk says goes in at once, events of a watched session wait for their turn, and
whoever reads too slowly is let go and comes back.

The desk decides nothing about customers. It checks who may ask for what (`gateway.accounts.permissions`) and
asks a `Conductor`, which owns the handoffs and says whether it was done; who gets an offer is the
`ContactQueue`'s matter.
"""
