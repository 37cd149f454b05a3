"""HTTP and websockets: the chat, the signalling of calls, health, metrics, and the built pages.

`messages.py`   every message of `docs/wire.md`, as pydantic models
`chat.py`       one chat connection          `voice.py`       offers, candidates, ICE servers
`operations.py` health and metrics           `pages.py`       the built pages
`sign_in.py`    the desk's door, and who is behind a request; `attempts.py` slows down guessing
`audit.py`      who did what at the desk
`origins.py` `rates.py` `body_limit.py` `headers.py`          what protects them
`server.py`     all of it as one ASGI application

Nothing here knows an agent, a model or a database: a chat connection talks to `gateway.live`, an offer to
`gateway.webrtc`. Every connection is one function with one task group. Whatever a client sends gets an
answer: its place in the session, or an error that says whose fault it was and whether to try again.
"""
