"""Live audio over RTP (RFC 3550, 3551) for one telephone call.

    agreed       what offer and answer came to: codec, payload types, where to, which way, which keys     [core]
    packet       one RTP packet: parse and build                                                           [core]
"""
