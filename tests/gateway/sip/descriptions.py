"""Session descriptions as real telephones and exchanges send them."""

SNOM = b"""v=0\r
o=root 1203917123 1203917123 IN IP4 192.0.2.10\r
s=call\r
c=IN IP4 192.0.2.10\r
t=0 0\r
m=audio 61234 RTP/AVP 9 0 8 3 99 18 101\r
a=rtpmap:9 G722/8000\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:3 GSM/8000\r
a=rtpmap:99 G726-32/8000\r
a=rtpmap:18 G729/8000\r
a=fmtp:18 annexb=no\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-15\r
a=ptime:20\r
a=sendrecv\r
"""
"A desk phone."

CARRIER = b"""v=0\r
o=- 3912345678 3912345679 IN IP4 198.51.100.7\r
s=SBC\r
c=IN IP4 198.51.100.8\r
t=0 0\r
m=audio 30002 RTP/AVP 8 13 101\r
a=rtpmap:101 telephone-event/8000\r
a=ptime:30\r
a=rtcp:40003\r
"""
"A carrier's session border controller: no rtpmap for static types, media elsewhere than signalling."

BROWSERLIKE = b"""v=0
o=baresip 1 2 IN IP6 2001:db8::5
s=-
c=IN IP6 2001:db8::5
t=0 0
m=audio 20000 RTP/SAVP 96 0 97
a=rtpmap:96 opus/48000/2
a=fmtp:96 stereo=1;sprop-stereo=1
a=rtpmap:97 telephone-event/48000
a=rtcp-mux
a=crypto:1 AEAD_AES_256_GCM inline:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMw==
a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw|2^20
a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEw
m=video 20002 RTP/AVP 31
a=rtpmap:31 H261/90000
"""
"IPv6, SRTP, Opus and a video stream; bare line feeds."

FAX = b"""v=0\r
o=fax 5 5 IN IP4 192.0.2.11\r
s=-\r
c=IN IP4 192.0.2.11\r
t=0 0\r
m=image 4000 udptl t38\r
a=T38FaxVersion:0\r
"""
"No audio at all."

ALL = [SNOM, CARRIER, BROWSERLIKE, FAX]
