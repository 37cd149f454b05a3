"""The edge: connections in, sessions, people.

A `Session` is the stored record of one contact; a `LiveSession` is that contact while somebody is
there. Whatever happens becomes a `Fact`, gets a number and a time (`Event`), is stored, folded into the
`Conversation` and shown to whoever listens. That list is the client API, the log and what tests expect.

    leg.py room.py        one live connection to one person; who hears whom, and who may speak
    webrtc/               a browser's connection as a leg: signalling, audio, data channel, RTVI
    sip/ rtp/ trunks.py   a telephone call as a leg: signalling, audio; whom we know and may call
    stream/               a carrier's media stream as a leg, one wire core for each carrier
    telephone.py switchboard.py placed_call.py   opens both; their calls as operators see them; calls out
    web/                  HTTP and websocket routes, message types; serves the built page
    session_log.py        the facts of a live session: numbered, stored, folded, shown to listeners
    subscription.py       what one listener still has to get
    live.py call.py       a session while it lasts: messages, one reply at a time; a call in it
    admission.py reception.py   which call gets a place, and what callers hear who do not
    accounts/             our own people: sign-in, roles, the audit
    session.py events.py store/   the record, the typed events, SQLite or PostgreSQL
    metrics.py stages.py  what a session's facts count for Prometheus; where a spoken turn's time went
    tracing.py timeline.py span_export.py   the same events as OpenTelemetry spans
    config.py section.py addresses.py marked_yaml.py   the configuration, only reader of the environment
    health.py log.py      which parts work; how we log
    app.py answering.py speech.py children.py   builds everything once; processes that live and die with us
    weights/              model files: catalogue, fetching, checking
    cli/                  serve, call, chat, dial, agents, models, doctor, check

Reading order: leg, events, live, app. Nothing to the right (`pipelines`, `tools`, `knowledge`) knows this
package. Transports are handed a function to answer with and never import the application.
"""
