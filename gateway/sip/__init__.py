"""SIP: calls over the telephone network, both ways, as `Leg`s.

    hop            where a message came from or goes to                                             [core]
    message        one message read and checked, or written; streams cut into messages              [core]
    transaction    retransmissions, responses to each request once (RFC 3261, section 17)           [core]
    dialog         who two ends of a call are to each other (section 12)                            [core]
    invitation     one call's signalling from INVITE to BYE                                         [core]
    transfer       REFER and Replaces, both sides                                                   [core]
    session_timer  a call whose other end is gone is noticed (RFC 4028)                             [core]
    user_agent     everything of one gateway over its transactions                                  [core]
    sdp            session descriptions, read and written                                           [core]
    offer_answer   what we offer, answer and agree to (RFC 3264)                                    [core]
    digest         who somebody is by password, both sides (RFC 8760)                               [core]
    registration   telling a trunk where we are                                                     [core]
    callers        which trunk a request is of, and which number it is for                          [core]
    destinations   whom we may call                                                                 [core]
    flood          who is not listened to for a while                                               [core]
    endpoint       the sockets and the one timer of a gateway
    leg            a call's signalling and its RTP stream as a `Leg`

Cores take bytes, the time and random ids; they give events, and bytes with the hop they go to. The endpoint
feeds them and sends what comes out. One function of the user's runs for each call, in the endpoint's task
group. A request of nobody we know is dropped before it costs anything.
"""
