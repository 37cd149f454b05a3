"""Carriers' media streams: a call that a provider answered, its sound over a websocket to us, as a `Leg`.

    webhook ──► web/streams ──► signatures ──► documents     "connect the call to that websocket" + ticket
    websocket ► web/streams ──► signatures, then calls.StreamCalls.serve:
                                wire [core]  messages ⇄ events     one small class for each provider
                                playout [core]  what was sent, and what of it was played
                                leg          both, with a connection, as `gateway.leg.Leg`
    TCP ──────► audiosocket_server ──► the same `serve`

A wire is fed one message at a time and gives events (`Started`, `Heard`, `Pressed`, `Played` ...); asked to
send, it gives the message. It knows no socket, no time and no bot. Whatever is wrong with a message is a
`ProtocolError`, which ends that one connection with the provider's close code, and nobody else notices.

**Exact playout.** A provider plays from a buffer of its own. About 400 ms of ours are in it at most; every
100 ms of sound are followed by a mark, which the provider sends back when it has played it, and between two
marks time is counted, never past a mark that is still out. So `played_ms` is what the caller was really
given, and a barge-in (`clear`) records the right half of the sentence. Providers without marks are counted
by time.

**Trust.** The provider's signature over the address, as the public sees it, is checked before a websocket is
accepted: a wrong one gets 403 and learns nothing. Where only the webhook is signed, or where the signature
of a websocket never changes, the document carries a ticket (a minute of life, good once, HMAC): in the
address where the handshake can be refused by it (Telnyx, Vonage), else as a parameter that must come back
with `start` (Twilio, Plivo). AudioSocket has neither: it listens on loopback, or for named networks.

**Hanging up.** `hang_up` closes the stream: our documents have nothing after it, so the call ends, and where
a provider's own flow goes on after the stream (a transfer, a survey), it can. `end_call` asks the provider's
API to end the call itself. Nothing else ever does.

pipecat's serializers are not used here (`docs/decisions.md` says why); the tests read our messages with them.
"""
