"""Fernhill Outfitters, the demo business: an online shop for outdoor gear, as an HTTP service of its own.

It stands for the systems of a real company, so nothing of ours imports it, and the bot asks it over HTTP:

    python -m tools.shop --database fernhill.sqlite

    stdin    first line {"token": "…"}, the bearer token every request needs; the service ends when stdin does
    stdout   one line {"port": N} once it listens (loopback only)

By hand: `(echo '{"token": "0123456789abcdef"}'; cat) | python -m tools.shop --database fernhill.sqlite`.

- `messages`   the JSON it takes and gives, as OpenAPI describes it
- `catalogue`  what it sells and where its stores are
- `seed`       the same customers and orders every time, dated around the day of seeding
- `database`   the SQLite file, its tables, filling it
- `store`      what can be asked, and changes that carry an idempotency key
- `app`        routes, the token, errors

The service keeps its own invariants whoever asks: a change is on an order of that customer and on the version
that was read, nothing is refunded twice or beyond what was paid, what has shipped is not cancelled. A change,
its receipt and its idempotency key are written in one transaction: the same key gets the same answer, also
after a crash. What the *bot* may do (30 days, $500) is not decided here but at the bot's own gate.
"""
