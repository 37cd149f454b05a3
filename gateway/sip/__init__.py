"""SIP: calls over the telephone network, both ways, as `Leg`s. Read it from the wire upwards.

Messages, over the containers of the sipmessage library:  [cores]
    grammar parameters uri address via       values that stand in header fields
    typed_fields header_fields               which fields there are, and which a message must have
    message reasons framer                   bytes to checked messages and back; messages cut out of a stream
Transactions (RFC 3261, chapter 17): a request is answered once, a loss is made good:  [cores]
    hop matching timers                      where to and from; what belongs together; when
    client_transaction server_transaction transaction_table transaction_events transaction
Calls, over transactions:  [cores]
    dialog usage station call_events         two ends; what one call's parts share, are given, and tell
    incoming acceptance reliable             a call to us: until it is answered, 2xx to ACK, 100rel
    outgoing client_requests call_failed     a call of ours: until it is answered, or why not
    offering negotiation in_dialog info      in the call: offers both ways, digits
    session_timer transfer context           in the call: refreshes, REFER, what is handed over
    invitation user_agent                    one call; all calls
Sound: sdp sdes body offer_answer            descriptions, keys, what both agree to  [cores]
Whom we trust, and who trusts us:  [cores]
    callers numbers destinations flood       who may call, whom we may call, who is not listened to
    digest registration line                 passwords both ways, telling a trunk where we are
What runs, the shell:
    transport udp tls connection connections the sockets
    gate signalling lines                    who gets in; the one timer; the trunks' own requests
    keypad call_media leg endpoint           a call's keys, its RTP stream, the call as a `Leg`, all calls

Cores take bytes, the time and random ids; they give events, and bytes with the hop they go to. Each has
`handle_timers`, `next_timer_ms` and `outgoing`, asked after every call. A request of nobody we know is
dropped before it costs anything. What is malformed is refused, never repaired.

sipmessage keeps header fields and writes messages. Its grammar is not ours: it takes two quoted names for
one, knows no folded lines, no hosts that end in a digit, no URIs of other schemes and no URI headers, decodes
tags, and takes exponential time for hostile credentials. So our URI, Address, Via and Parameters are
subclasses that read exactly and write back what was on the wire; of what the network sent its parsers see
CSeq alone, and that was checked.
"""
