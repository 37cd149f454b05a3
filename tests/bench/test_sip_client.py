"""The SIP of the callers of `bench sip`, against a server made of text."""

from bench.sip_client import GIVE_UP_MS, RESEND_MS, Text, UserAgentClient, description

SERVER, LOCAL = "127.0.0.1:5060", "127.0.0.1:40000"
ANSWER = description("127.0.0.1", 20_000)


def client() -> UserAgentClient:
    return UserAgentClient(SERVER, LOCAL, ("127.0.0.1", 30_000))


def answered(invite: bytes, status: str = "200 OK", body: str = ANSWER) -> bytes:
    return Text.parse(invite).answered(status, {"contact": "<sip:bot@127.0.0.1:5060>"}, body, tag="t1")


def test_an_answered_call_is_acknowledged_at_its_contact() -> None:
    caller = client()
    invite = Text.parse(caller.dial(0))
    assert invite.first == f"INVITE sip:echo@{SERVER} SIP/2.0"
    assert invite.media() == ("127.0.0.1", 30_000)
    assert int(invite.header("content-length")) == len(invite.body)
    assert caller.ringing == 1
    (ack,), established = caller.receive(answered(caller.dial(0)))
    assert established == (1, ("127.0.0.1", 20_000))
    assert Text.parse(ack).first == "ACK sip:bot@127.0.0.1:5060 SIP/2.0"
    assert Text.parse(ack).header("to").endswith(";tag=t1")
    assert (caller.dialled, caller.ringing) == (2, 1)


def test_a_repeated_answer_is_acknowledged_again_but_is_no_new_call() -> None:
    caller = client()
    answer = answered(caller.dial(0))
    first, _ = caller.receive(answer)
    assert caller.receive(answer) == (first, None)


def test_a_provisional_answer_changes_nothing() -> None:
    caller = client()
    assert caller.receive(answered(caller.dial(0), "180 Ringing", "")) == ([], None)
    assert caller.ringing == 1


def test_a_refused_call_is_told_with_its_reason() -> None:
    caller = client()
    (ack,), established = caller.receive(answered(caller.dial(0), "486 Busy Here", ""))
    assert Text.parse(ack).first.startswith("ACK ") and established is None
    assert caller.failures == ["486 Busy Here"]
    assert caller.ringing == 0


def test_an_invite_is_sent_again_until_it_is_given_up() -> None:
    caller = client()
    invite = caller.dial(0)
    assert caller.overdue(RESEND_MS - 1) == []
    assert caller.overdue(RESEND_MS) == [invite]
    assert caller.overdue(RESEND_MS + 1) == []
    assert caller.overdue(GIVE_UP_MS) == []
    assert caller.failures == ["no answer"]


def test_whatever_the_server_asks_is_granted() -> None:
    caller = client()
    caller.receive(answered(caller.dial(0)))
    again = caller.dial(0).replace(b"call-1", b"call-0")
    (granted,), established = caller.receive(again)
    assert Text.parse(granted).first == "SIP/2.0 200 OK"
    assert Text.parse(granted).media() == ("127.0.0.1", 30_000)
    assert established is None
    assert caller.receive(again.replace(b"INVITE", b"ACK")) == ([], None)
    (granted,), _ = caller.receive(again.replace(b"INVITE", b"BYE"))
    assert Text.parse(granted).media() is None


def test_calls_that_are_up_are_hung_up() -> None:
    caller = client()
    caller.receive(answered(caller.dial(0)))
    caller.dial(0)
    (bye,) = caller.hang_up()
    assert Text.parse(bye).first == "BYE sip:bot@127.0.0.1:5060 SIP/2.0"
    assert Text.parse(bye).header("cseq") == "2 BYE"
