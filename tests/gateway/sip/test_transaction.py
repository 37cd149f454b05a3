"""The transaction layer: whom it tells what, once, whatever the network and the other side do."""

from collections.abc import Sequence
from itertools import count, product

import pytest
from prometheus_client import REGISTRY

from gateway.sip.hop import Hop
from gateway.sip.message import BadRequest, Request, Response, parse, response
from gateway.sip.transaction import Transactions
from gateway.sip.transaction_events import (
    Acknowledged,
    Cancelled,
    Requested,
    Responded,
    TimedOut,
    TransactionEvent,
    Unacknowledged,
    Unreachable,
)
from gateway.sip.transaction_table import Limits
from gateway.sip.uri import URI
from tests.gateway.sip.clock import TCP, UDP
from tests.gateway.sip.requests import request
from tests.gateway.sip.torture import MESSAGES
from tests.gateway.sip.wire import End, Wire

LOSSES = [
    (False,),
    (True, False),
    (False, True),
    (False, False, True),
    (True, True, False, False),
    (False, True, True, False, False),
    (True, False, False, True, False, True, False),
]
"Up to half of everything: what retransmission must make good."
TRANSPORTS = ("udp", "tcp")


def layer(limits: Limits | None = None) -> Transactions:
    ids = count()
    return Transactions(lambda: f"id{next(ids)}", lambda hop: "203.0.113.9:5060", limits)


def incoming(method: str, via: str = "192.0.2.1;branch=z9hG4bK1", tag: str = "") -> Request:
    made = request(method)
    made.headers.set("Via", f"SIP/2.0/UDP {via}")
    if tag:
        made.headers.set("To", f"<sip:shop@example.com>;tag={tag}")
    return made


def sent(transactions: Transactions) -> list[Request | Response]:
    return [parse(outgoing.data) for outgoing in transactions.outgoing()]


def codes(transactions: Transactions) -> list[int]:
    return [message.code for message in sent(transactions) if isinstance(message, Response)]


def outline(message: Request | Response) -> str:
    return message.method if isinstance(message, Request) else str(message.code)


def key_of(events: list[TransactionEvent]) -> str:
    (event,) = events
    assert isinstance(event, Requested)
    return event.key


# --- both sides over a network that loses ---


def final_answer(wire: Wire, end: End, *answers: int) -> None:
    """Let an end give these responses to every request."""

    def react(event: TransactionEvent, now_ms: int) -> None:
        if isinstance(event, Requested):
            for code in answers:
                end.transactions.respond(event.key, response(event.request, code, to_tag="far"), now_ms)

    end.react = react


@pytest.mark.parametrize("losses", LOSSES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_request_is_served_once_and_answered_once(losses: Sequence[bool], transport: str) -> None:
    wire = Wire(losses, "udp" if transport == "udp" else "tcp")
    final_answer(wire, wire.far, 200)
    wire.near.transactions.request(request("OPTIONS"), wire.far.address, 0)
    wire.run(100_000)
    assert len(wire.far.told) == len(wire.far.of(Requested)) == 1
    (answer,) = wire.near.told
    assert isinstance(answer, Responded) and answer.response.code == 200
    assert wire.quiet


@pytest.mark.parametrize("losses", LOSSES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_refused_invite_is_told_once_and_acknowledged(losses: Sequence[bool], transport: str) -> None:
    wire = Wire(losses, "udp" if transport == "udp" else "tcp")
    final_answer(wire, wire.far, 180, 486)
    wire.near.transactions.request(request(), wire.far.address, 0)
    wire.run(100_000)
    assert len(wire.far.told) == len(wire.far.of(Requested)) == 1, (
        "its ACK came, and is nobody else's business"
    )
    answers = [event.response.code for event in wire.near.told if isinstance(event, Responded)]
    assert answers[-1] == 486 and answers.count(486) == 1
    assert len(answers) == len(wire.near.told)
    assert wire.quiet


@pytest.mark.parametrize("losses", LOSSES)
def test_an_accepted_invite_is_acknowledged_by_its_user(losses: Sequence[bool]) -> None:
    """The user sends the 2xx again until the ACK comes, and the ACK again for each 2xx: both get through."""
    wire = Wire(losses)
    near, far = wire.near.transactions, wire.far.transactions
    invite = request()
    ack = request("ACK")
    ack.headers.remove("Via")

    def acknowledge(event: TransactionEvent, now_ms: int) -> None:
        if isinstance(event, Responded) and event.response.code == 200:
            near.send(ack, wire.far.address)

    wire.near.react = acknowledge
    near.request(invite, wire.far.address, 0)
    while not wire.far.of(Requested):
        wire.run(wire.now_ms + 500)
    (requested,) = wire.far.of(Requested)
    assert isinstance(requested, Requested)
    while not wire.far.of(Acknowledged):
        assert wire.now_ms < 30_000
        far.respond(requested.key, response(requested.request, 200, to_tag="far"), wire.now_ms)
        wire.run(wire.now_ms + 500)
    assert len({data for data in wire.arrived if data.startswith(b"ACK")}) == 1, "always the same ACK"
    wire.run(200_000)
    assert wire.quiet
    assert not wire.far.of(Unacknowledged) and not wire.near.of(TimedOut)


@pytest.mark.parametrize(("method", "end"), [("INVITE", TimedOut), ("OPTIONS", TimedOut)])
def test_when_nothing_gets_through_each_side_is_done_with_it(method: str, end: type) -> None:
    wire = Wire((True,))
    key = wire.near.transactions.request(request(method), wire.far.address, 0)
    wire.run(100_000)
    assert wire.near.told == [end(key)]
    assert wire.quiet


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
@pytest.mark.parametrize(
    "losses", [(True, True, True, False), (False, True, True, True), (True,) * 9 + (False,)]
)
def test_where_most_is_lost_each_side_still_comes_to_one_end(method: str, losses: Sequence[bool]) -> None:
    wire = Wire(losses)
    final_answer(wire, wire.far, 486)
    wire.near.transactions.request(request(method), wire.far.address, 0)
    wire.run(200_000)
    assert wire.quiet
    assert len(wire.far.of(Requested)) <= 1
    assert len(wire.near.told) == 1


def test_when_no_ack_gets_through_the_refusing_side_is_told() -> None:
    wire = Wire()
    final_answer(wire, wire.far, 486)
    wire.near.transactions.request(request(), wire.far.address, 0)
    wire.run(30)
    wire.near.transactions.receive = lambda *_: []  # type: ignore[method-assign]
    wire.run(100_000)
    (requested, unacknowledged) = wire.far.told
    assert isinstance(requested, Requested)
    assert unacknowledged == Unacknowledged(requested.key)


@pytest.mark.parametrize("losses", LOSSES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_cancelled_invite_ends_with_487(losses: Sequence[bool], transport: str) -> None:
    wire = Wire(losses, "udp" if transport == "udp" else "tcp")
    far = wire.far.transactions
    asked: list[Requested] = []

    def react(event: TransactionEvent, now_ms: int) -> None:
        if isinstance(event, Requested):
            asked.append(event)
            far.respond(event.key, response(event.request, 180, to_tag="far"), now_ms)
        if isinstance(event, Cancelled):
            assert event.key == asked[0].key
            far.respond(event.key, response(asked[0].request, 487, to_tag="far"), now_ms)

    wire.far.react = react
    key = wire.near.transactions.request(request(), wire.far.address, 0)
    wire.near.transactions.cancel(key, 0)
    wire.run(100_000)
    assert len(asked) == 1 and len(wire.far.of(Cancelled)) == 1
    assert all(isinstance(event, Responded) and event.key == key for event in wire.near.told)
    last = wire.near.told[-1]
    assert isinstance(last, Responded) and last.response.code == 487
    assert wire.quiet


@pytest.mark.parametrize("cancel_ms", range(0, 100, 10))
def test_a_cancel_may_cross_the_answer(cancel_ms: int) -> None:
    """The call is answered 60 ms after the INVITE; the CANCEL comes before, with or after that."""
    wire = Wire()
    far = wire.far.transactions
    near = wire.near.transactions
    key = near.request(request(), wire.far.address, 0)
    wire.run(20)
    (requested,) = wire.far.told
    assert isinstance(requested, Requested)
    far.respond(requested.key, response(requested.request, 180, to_tag="far"), 20)
    for now_ms in range(20, 200, 10):
        if now_ms == cancel_ms:
            near.cancel(key, now_ms)
        if now_ms == 60 and not wire.far.of(Cancelled):
            far.respond(requested.key, response(requested.request, 200, to_tag="far"), now_ms)
        wire.run(now_ms)
    if wire.far.of(Cancelled):
        far.respond(requested.key, response(requested.request, 487, to_tag="far"), 200)
    wire.run(200_000)
    finals = [e.response.code for e in wire.near.told if isinstance(e, Responded) and e.response.code >= 200]
    assert finals == ([487] if wire.far.of(Cancelled) else [200])
    assert wire.quiet


# --- what comes in ---


def test_a_request_is_told_once_with_where_it_came_from() -> None:
    transactions = layer()
    hop = Hop("udp", "192.0.2.7", 40_000)
    (requested,) = transactions.receive(incoming("INVITE", "10.0.0.1;rport;branch=z9hG4bK1"), hop, 0)
    assert isinstance(requested, Requested)
    assert requested.hop == hop
    via = requested.request.via[0]
    assert (via.parameters["received"], via.parameters["rport"]) == ("192.0.2.7", "40000")
    assert transactions.receive(incoming("INVITE", "10.0.0.1;rport;branch=z9hG4bK1"), hop, 10) == []
    transactions.respond(requested.key, response(requested.request, 180), 20)
    (outgoing,) = transactions.outgoing()
    assert outgoing.hop == hop
    assert transactions.outgoing() == []


def test_old_clients_are_told_apart_without_branches() -> None:
    transactions = layer()
    invite = parse(MESSAGES["inv2543"])
    key = key_of(transactions.receive(invite, UDP, 0))
    assert transactions.receive(parse(MESSAGES["inv2543"]), UDP, 100) == []
    assert isinstance(invite, Request)
    transactions.respond(key, response(invite, 486, to_tag="ours"), 200)
    (answer,) = sent(transactions)
    assert answer.to_address.tag == "ours"
    ack = parse(
        MESSAGES["inv2543"].replace(b"INVITE", b"ACK").replace(b";user=phone\r\nCall", b";tag=ours\r\nCall")
    )
    assert transactions.receive(ack, UDP, 300) == []
    transactions.handle_timers(701)
    assert sent(transactions) == [], "the ACK was its own: nothing is sent again"


def test_an_old_ack_for_a_2xx_is_the_calls() -> None:
    transactions = layer()
    invite = incoming("INVITE", "192.0.2.1")
    key = key_of(transactions.receive(invite, UDP, 0))
    transactions.respond(key, response(invite, 200, to_tag="ours"), 0)
    (event,) = transactions.receive(incoming("ACK", "192.0.2.1", tag="ours"), UDP, 100)
    assert isinstance(event, Acknowledged)


def test_an_ack_of_nothing_is_passed_on_and_never_answered() -> None:
    transactions = layer()
    (event,) = transactions.receive(incoming("ACK"), UDP, 0)
    assert isinstance(event, Acknowledged) and event.hop == UDP
    assert transactions.outgoing() == []
    assert transactions.next_timer_ms() is None


def test_responses_to_nothing_and_to_others_are_dropped() -> None:
    transactions = layer()
    asked = request("OPTIONS")
    transactions.request(asked, UDP, 0)
    stray, foreign, behind = (response(asked, 200) for _ in range(3))
    stray.headers.set("Via", asked.headers["Via"].replace("z9hG4bK", "z9hG4bKother"))
    foreign.headers.set("Via", asked.headers["Via"].replace("203.0.113.9", "203.0.113.8"))
    behind.headers.add("Via", "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23")
    for answer in (stray, foreign, behind, parse(MESSAGES["bcast"])):
        assert transactions.receive(answer, UDP, 10) == []
    assert len(transactions.receive(response(asked, 200), UDP, 10)) == 1


# --- CANCEL from them ---


def test_a_cancel_is_answered_and_told_while_there_is_no_final_response() -> None:
    transactions = layer()
    key = key_of(transactions.receive(incoming("INVITE"), UDP, 0))
    transactions.respond(key, response(incoming("INVITE"), 180, to_tag="ours"), 0)
    sent(transactions)
    (event,) = transactions.receive(incoming("CANCEL"), UDP, 10)
    assert isinstance(event, Cancelled)
    assert (event.key, event.request.method) == (key, "CANCEL")
    (answer,) = sent(transactions)
    assert (outline(answer), answer.cseq.method, answer.to_address.tag) == ("200", "CANCEL", "ours")
    assert transactions.receive(incoming("CANCEL"), UDP, 20) == []
    assert codes(transactions) == [200], "a repeated CANCEL is answered and not told again"


@pytest.mark.parametrize("final", [200, 486])
def test_a_cancel_that_comes_too_late_changes_nothing(final: int) -> None:
    transactions = layer()
    key = key_of(transactions.receive(incoming("INVITE"), UDP, 0))
    transactions.respond(key, response(incoming("INVITE"), final, to_tag="ours"), 0)
    assert transactions.receive(incoming("CANCEL"), UDP, 10) == []
    assert codes(transactions) == [final, 200]


@pytest.mark.parametrize("before", [[], ["OPTIONS"]])
def test_a_cancel_of_nothing_finds_nothing(before: list[str]) -> None:
    transactions = layer()
    for method in before:
        transactions.receive(incoming(method), UDP, 0)
    timer_ms = transactions.next_timer_ms()
    assert transactions.receive(incoming("CANCEL"), UDP, 10) == []
    (answer,) = sent(transactions)
    assert (outline(answer), bool(answer.to_address.tag)) == ("481", True)
    assert transactions.next_timer_ms() == timer_ms, "nothing is kept of it"


def test_a_cancel_has_its_invites_branch() -> None:
    transactions = layer()
    transactions.receive(incoming("INVITE"), UDP, 0)
    assert transactions.receive(incoming("CANCEL", "192.0.2.1;branch=z9hG4bK2"), UDP, 10) == []
    assert codes(transactions) == [481]


# --- our requests ---


def test_our_via_stands_first_and_alone() -> None:
    transactions = layer()
    asked = request("OPTIONS")
    asked.headers.add("Via", "SIP/2.0/UDP left.over")
    transactions.request(asked, UDP, 0)
    (outgoing,) = transactions.outgoing()
    assert outgoing.hop == UDP
    assert outgoing.data.split(b"\r\n")[1] == b"Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKid1;rport"
    assert outgoing.data.count(b"Via:") == 1


def test_on_a_stream_nobody_asks_for_the_port() -> None:
    transactions = layer()
    transactions.send(ack := request("ACK"), TCP)
    assert ack.headers["Via"] == "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "it had one"
    ack.headers.remove("Via")
    transactions.send(ack, TCP)
    assert ack.headers["Via"] == "SIP/2.0/TCP 203.0.113.9:5060;branch=z9hG4bKid1"
    transactions.send(ack, TCP)
    first, second, third = transactions.outgoing()
    assert second == third != first


def test_what_is_sent_without_a_transaction_leaves_none() -> None:
    transactions = layer()
    transactions.send(response(incoming("OPTIONS"), 481), UDP)
    assert codes(transactions) == [481]
    assert transactions.next_timer_ms() is None


def test_nobody_is_told_how_our_cancel_ended() -> None:
    transactions = layer()
    invite = request()
    key = transactions.request(invite, UDP, 0)
    transactions.receive(response(invite, 180, to_tag="b"), UDP, 10)
    transactions.cancel(key, 20)
    transactions.cancel(key, 30)
    sent_now = sent(transactions)
    assert [outline(message) for message in sent_now] == ["INVITE", "CANCEL"]
    cancel = sent_now[1]
    assert isinstance(cancel, Request)
    assert transactions.receive(response(cancel, 481), UDP, 40) == []
    assert transactions.handle_timers(100_000) == [TimedOut(key)]
    assert transactions.next_timer_ms() is None


def test_keys_that_mean_nothing_do_nothing() -> None:
    transactions = layer()
    transactions.respond("nobody", response(incoming("OPTIONS"), 200), 0)
    transactions.cancel("nobody", 0)
    transactions.cancel(transactions.request(request("OPTIONS"), UDP, 0), 0)
    transactions.ignore("nobody")
    assert [outline(message) for message in sent(transactions)] == ["OPTIONS"]


def test_what_is_ignored_gets_no_answer_and_is_new_when_it_comes_again() -> None:
    transactions = layer()
    key = key_of(transactions.receive(incoming("INVITE"), UDP, 0))
    transactions.ignore(key)
    transactions.respond(key, response(incoming("INVITE"), 200), 10)
    assert transactions.handle_timers(10_000) == []
    assert transactions.outgoing() == []
    assert key_of(transactions.receive(incoming("INVITE"), UDP, 20_000)) == key


# --- transports that fail ---


def test_what_waits_on_a_lost_connection_is_unreachable() -> None:
    transactions = layer()
    lost = transactions.request(request(), TCP, 0)
    also = transactions.request(request("OPTIONS"), Hop("tcp", TCP.host, TCP.port), 0)
    kept = transactions.request(request("OPTIONS"), UDP, 0)
    assert transactions.failed(TCP, 10) == [Unreachable(lost), Unreachable(also)]
    assert transactions.failed(TCP, 20) == []
    assert transactions.handle_timers(100_000) == [TimedOut(kept)]


def test_responses_find_another_way_when_the_connection_is_lost() -> None:
    transactions = layer()
    invite = incoming("INVITE", "client.example:5070;branch=z9hG4bK1")
    key = key_of(transactions.receive(invite, TCP, 0))
    transactions.failed(TCP, 10)
    transactions.respond(key, response(invite, 180), 20)
    (outgoing,) = transactions.outgoing()
    assert outgoing.hop == Hop("tcp", TCP.host, 5070)


def test_a_datagram_that_could_not_be_sent_does_not_end_their_requests() -> None:
    transactions = layer()
    key = key_of(transactions.receive(incoming("INVITE"), UDP, 0))
    assert transactions.failed(UDP, 10) == []
    transactions.respond(key, response(incoming("INVITE"), 180), 20)
    assert codes(transactions) == [180]


# --- limits ---


def test_beyond_the_limit_requests_get_503_and_leave_nothing() -> None:
    transactions = layer(Limits(transactions=3, per_source=2))
    strangers = [Hop("udp", f"192.0.2.{last}", 5060) for last in (1, 1, 1, 2, 3)]
    told = [
        len(transactions.receive(incoming("OPTIONS", f"a;rport;branch=z9hG4bK{number}"), hop, 0))
        for number, hop in enumerate(strangers)
    ]
    assert told == [1, 1, 0, 1, 0]
    refusals = sent(transactions)
    assert [outline(refusal) for refusal in refusals] == ["503", "503"]
    assert all(refusal.headers["Retry-After"] == "10" and refusal.to_address.tag for refusal in refusals)
    transactions.handle_timers(32_000)
    assert len(transactions.receive(incoming("OPTIONS", "a;branch=z9hG4bK9"), UDP, 40_000)) == 1


def test_who_is_full_still_takes_cancels_and_acks() -> None:
    transactions = layer(Limits(transactions=1, per_source=1))
    key = key_of(transactions.receive(incoming("INVITE"), UDP, 0))
    (cancelled,) = transactions.receive(incoming("CANCEL"), UDP, 10)
    assert isinstance(cancelled, Cancelled)
    transactions.respond(key, response(incoming("INVITE"), 487, to_tag="ours"), 20)
    assert codes(transactions) == [200, 487]
    assert transactions.receive(incoming("ACK"), UDP, 30) == []


def test_a_thousand_copies_of_a_request_are_one() -> None:
    transactions = layer()
    told = [event for _ in range(1000) for event in transactions.receive(incoming("OPTIONS"), UDP, 0)]
    assert len(told) == 1
    assert transactions.outgoing() == []


def test_repeated_and_refused_requests_are_counted() -> None:
    def counted() -> list[float]:
        refused = [
            REGISTRY.get_sample_value("warmline_sip_refused_total", {"why": why}) or 0.0
            for why in ("malformed", "source")
        ]
        return [REGISTRY.get_sample_value("warmline_sip_repeated_requests_total") or 0.0, *refused]

    before = counted()
    transactions = layer(Limits(per_source=1))
    for branch in "112":
        transactions.receive(incoming("OPTIONS", f"a;branch=z9hG4bK{branch}"), UDP, 0)
    transactions.refuse(BadRequest("a", "b"), UDP)
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 1, 1]


# --- RFC 4475, up to the answer ---

SOURCE = Hop("udp", "198.51.100.7", 40_000)


def answered(name: str) -> tuple[list[Requested], list[Request | Response], list[Hop]]:
    """A torture message comes: what is told, what is sent, and where to."""
    transactions = layer()
    requested: list[Requested] = []
    try:
        events = transactions.receive(parse(MESSAGES[name]), SOURCE, 0)
    except BadRequest as fault:
        transactions.refuse(fault, SOURCE)
        events = []
    requested = [event for event in events if isinstance(event, Requested)]
    outgoing = transactions.outgoing()
    return requested, [parse_leniently(each.data) for each in outgoing], [each.hop for each in outgoing]


def parse_leniently(data: bytes) -> Request | Response:
    """Our answer to a broken request holds its broken fields."""
    try:
        return parse(data)
    except BadRequest:
        status_line = data.split(b"\r\n")[0].decode()
        answer = Response(int(status_line.split()[1]), status_line.split(" ", 2)[2])
        for line in data.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
            name, _, value = line.decode().partition(": ")
            answer.headers.add(name, value)
        return answer


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("badinv01", 400),
        ("clerr", 400),
        ("ncl", 400),
        ("scalar02", 400),
        ("quotbal", 400),
        ("ltgtruri", 400),
        ("lwsruri", 400),
        ("lwsstart", 400),
        ("trws", 400),
        ("escruri", 400),
        ("regbadct", 400),
        ("badaspec", 400),
        ("baddn", 400),
        ("badvers", 505),
        ("mismatch01", 400),
        ("mismatch02", 400),
        ("insuf", 400),
        ("unkscm", 416),
        ("novelsc", 416),
        ("multi01", 400),
        ("mcl01", 400),
    ],
)
def test_invalid_requests_are_answered_and_nobody_is_bothered(name: str, status: int) -> None:
    requested, (answer,), (hop,) = answered(name)
    assert requested == []
    assert isinstance(answer, Response) and answer.code == status
    original = MESSAGES[name].decode("utf-8", "replace")
    if name != "insuf":
        assert answer.call_id in original and answer.headers["CSeq"] in original
    assert hop.host == SOURCE.host, "never where the message says, always where it came from"


@pytest.mark.parametrize("name", ["scalarlg", "bigcode", "bcast", "unreason", "noreason"])
def test_responses_that_nobody_asked_for_or_can_use_are_dropped(name: str) -> None:
    assert answered(name) == ([], [], [])


@pytest.mark.parametrize(
    "name",
    [
        "wsinv",
        "intmeth",
        "esc01",
        "escnull",
        "esc02",
        "lwsdisp",
        "longreq",
        "dblreq",
        "semiuri",
        "transports",
        "mpart01",
        "baddate",
        "badbranch",
        "unksm2",
        "bext01",
        "invut",
        "regaut01",
        "zeromf",
        "cparam01",
        "cparam02",
        "regescrt",
        "sdp01",
        "inv2543",
    ],
)
def test_valid_requests_reach_the_user_who_answers_them(name: str) -> None:
    """What each asks for (an unknown method, extension, body ...) is for the user agent to judge."""
    transactions = layer()
    message = parse(MESSAGES[name])
    assert isinstance(message, Request)
    key = key_of(transactions.receive(message, SOURCE, 0))
    transactions.respond(key, response(message, 501, to_tag="ours"), 10)
    (outgoing,) = transactions.outgoing()
    answer = parse(outgoing.data)
    assert outgoing.hop.host == SOURCE.host
    assert len(answer.via) == len(message.via)
    assert answer.via[0].parameters["received"] == SOURCE.host
    assert answer.to_address.tag in {"ours", message.to_address.tag}
    assert (answer.call_id, answer.cseq) == (message.call_id, message.cseq)


def test_the_49_messages_are_all_accounted_for() -> None:
    """5 responses, 21 answered without a transaction, 23 passed on."""
    told = sum(len(answered(name)[0]) for name in MESSAGES)
    answers = sum(len(answered(name)[1]) for name in MESSAGES)
    assert (told, answers, len(MESSAGES)) == (23, 21, 49)


def test_badbranch_is_told_apart_as_an_old_client_is() -> None:
    """A branch that is nothing but the cookie must not make one transaction of two."""
    transactions = layer()
    other = MESSAGES["badbranch"].replace(b"badbranch.", b"other.")
    for data, expected in ((MESSAGES["badbranch"], 1), (MESSAGES["badbranch"], 0), (other, 1)):
        assert len(transactions.receive(parse(data), SOURCE, 0)) == expected


# --- refusing ---


def refusal(data: bytes) -> BadRequest:
    with pytest.raises(BadRequest) as fault:
        parse(data)
    return fault.value


def test_a_broken_ack_or_response_is_never_answered() -> None:
    transactions = layer()
    transactions.refuse(refusal(MESSAGES["quotbal"].replace(b"INVITE", b"ACK")), UDP)
    transactions.refuse(refusal(MESSAGES["bigcode"]), UDP)
    transactions.refuse(refusal(b"\0"), UDP)
    assert transactions.outgoing() == []


def test_a_refusal_is_the_same_each_time_and_keeps_nothing() -> None:
    transactions = layer()
    for _ in range(2):
        transactions.refuse(refusal(MESSAGES["quotbal"]), SOURCE)
    first, second = transactions.outgoing()
    assert first == second
    assert transactions.next_timer_ms() is None


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("192.0.2.15;rport", SOURCE.port),
        ("192.0.2.15:5070", 5070),
        ("192.0.2.15", 5060),
        ("192.0.2.15;;", SOURCE.port),
    ],
)
def test_a_refusal_goes_back_as_any_response(via: str, port: int) -> None:
    transactions = layer()
    transactions.refuse(refusal(MESSAGES["badinv01"].replace(b"192.0.2.15;;,;,,", via.encode())), SOURCE)
    (outgoing,) = transactions.outgoing()
    assert outgoing.hop == Hop("udp", SOURCE.host, port)


@pytest.mark.parametrize(("method", "code"), [*product(["INVITE", "OPTIONS", "BYE"], [200, 404])])
def test_no_request_leaves_anything_behind(method: str, code: int) -> None:
    transactions = layer()
    made = incoming(method)
    key = key_of(transactions.receive(made, UDP, 0))
    transactions.respond(key, response(made, code, to_tag="ours"), 0)
    transactions.handle_timers(32_000)
    assert transactions.next_timer_ms() is None
    assert len(transactions._table) == 0


def test_the_request_line_of_a_retransmission_is_not_looked_at() -> None:
    transactions = layer()
    transactions.receive(incoming("INVITE"), UDP, 0)
    again = incoming("INVITE")
    again.uri = URI.parse("sip:elsewhere")
    assert transactions.receive(again, UDP, 10) == []


def test_an_acknowledged_refusal_on_a_stream_is_over_at_once() -> None:
    transactions = layer()
    key = key_of(transactions.receive(incoming("INVITE"), TCP, 0))
    transactions.respond(key, response(incoming("INVITE"), 486, to_tag="ours"), 0)
    assert transactions.receive(incoming("ACK", tag="ours"), TCP, 10) == []
    assert transactions.next_timer_ms() is None
