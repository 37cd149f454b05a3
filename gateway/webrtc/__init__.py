"""Browser calls: an aiortc connection as a `Leg`.

    signalling   offer/answer and trickled candidates; finds or makes the leg; knows nothing of HTTP
    leg          the call's side: frames, playout, messages; outlives a lost connection for a while
    peer         one RTCPeerConnection, answering; a leg may have several, one after the other
    incoming     decoded 48 kHz audio to frames of 20 ms; packets in order without a waiting room
    outgoing     the track we send: frames to Opus packets, one every 20 ms
    outbox       messages waiting for the data channel: bounded, what is worth least goes first
    liveness     is the other side still there, lost, or gone?                                    [core]
    rtvi         events of a session as RTVI messages; messages of a client as requests           [core]
    turn         ICE servers with short-lived TURN credentials                                    [core]
    caller       the other end: a headless caller for the command line and for tests

One leg is served by one function, `WebRtcLeg.serve`, whose task group holds everything the leg runs.
Signalling hands that function to the application's task group, because a call outlives the HTTP
request that began it. A client that comes back with its `pc_id` within the grace period gets a new
peer under the old leg: the call above hears silence meanwhile and notices nothing.

Compatible with pipecat's SmallWebRTC clients: the same JSON for offers, answers and candidates, `ping`
and `signalling` messages, RTVI 2.x on the data channel.
"""
