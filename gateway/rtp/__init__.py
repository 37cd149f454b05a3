"""Live audio over RTP (RFC 3550, 3551) for telephone calls.

    agreed         what offer and answer came to: codec, payload types, where to, which way, keys      [core]
    session        one call's RTP, both ways: datagrams and time in; frames, packets and events out    [core]
    receiver       what is heard: packets to a frame every 20 ms, whatever the network did             [core]
    sender         what is said: a packet every 20 ms, digits in between                               [core]
    packet, rtcp   the wire's formats: parse and build                                                 [core]
    reports        the RTCP of one participant                                                         [core]
    jitter         packets in order and in time, with as little delay as their jitter allows           [core]
    lateness       how late packets were, in a histogram that forgets                                  [core]
    concealment    sound in place of what was lost                                                     [core]
    comfort_noise  sound in place of what was not sent (RFC 3389)                                      [core]
    dtmf           keys pressed, as telephone events (RFC 4733): one press is one event                [core]
    codec          G.711, G.722 and Opus
    statistics     loss, jitter, round trip and an estimate of what it sounds like; the metrics        [core]
    source         which sender is believed: symmetric RTP                                             [core]
    srtp           SRTP and SRTCP with keys from SDES
    ports          a bounded pool of port pairs; one rests before it is used again                     [core]
    clock          one tick for all calls of the process: reads all sockets, then who is due
    stream         one call's sockets around its session: what a leg holds

Time runs in slots of 5 ms. In each the clock reads every socket that has something, in one pass, then
lets those calls hear and speak whose slot it is. A call's slot is chosen when its first packet comes,
so that the packet waits for no longer than the jitter buffer's floor, and it speaks one slot after it
hears: what answers a frame at once leaves 5 ms later. There is no task, timer or callback per call, and
nothing runs in another thread.

What is heard is `Frame`s, one for every 20 ms: decoded audio, concealment of short losses, or silence
marked as `filled`. Delay is added by the jitter buffer only, and it is a metric. What is said is sent
as it is played, and silence in between, so that NATs stay open and the other side hears a live line.

A datagram is believed when its sender is (`source`) or, with SRTP, when it is authentic. Everything else
is counted by its reason and dropped; nothing that comes in raises anything out of this package.
"""
