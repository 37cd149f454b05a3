"""SIP: calls over the telephone network, both ways, as `Leg`s (RFC 3261).

Cores, from the wire upwards; they take bytes, the time and random ids, and give events, and bytes with the
hop they go to:

    hop, uri, address, via, message, framer         what is on the wire, read, checked and written
    transaction, matching, timers                   each request answered once, whatever is lost
    dialog, usage, client_requests, in_dialog       who two ends are to each other; requests between them
    incoming, outgoing, offering, reliable          the INVITE of either side, offers, PRACK and UPDATE
    transfer, session_timer, invitation             REFER and Replaces; RFC 4028; all of one call together
    user_agent, station                             all calls of one gateway over its transactions
    sdp, sdes, offer_answer                         session descriptions; what we offer, answer and agree to
    callers, digest, flood                          of which trunk a request is, and who is not listened to
    numbers, destinations                           numbers as they are written; whom we may call
    registration, line                              where a trunk is, and telling it where we are

Around them, what has sockets and tasks:

    udp, connection, connections, handshake, tls    sockets; limits before anything is read
    transport                                       which socket a message takes, our own addresses
    gate                                            who gets in: floods, strangers, trunks that are full
    lines                                           look-ups, registrations and keepalives of all trunks
    signalling                                      sockets, user agent and the one timer together
    call_media, keypad, leg                         a call's signalling and RTP stream as a `Leg`
    endpoint                                        calls in and out; `open_endpoint`

Whatever happens ends in `Signalling.settle`: events are passed on, what is to be sent is sent, the timer is
wound. One function of the user's runs for each call, in the endpoint's task group. A request of nobody we
know gets no answer by default, and a call out must be to an allowed destination whoever wishes it.
"""
