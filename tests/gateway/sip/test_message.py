"""Messages: the 49 of RFC 4475, our own oddities, and 40,000 that were broken by chance."""

import contextlib
from collections.abc import Callable
from time import process_time

import pytest

from gateway.sip.message import (
    LONGEST_HEAD,
    LONGEST_MESSAGE,
    MOST_LINES,
    BadRequest,
    Message,
    Request,
    Response,
    encode,
    parse,
    response,
)
from gateway.sip.uri import URI
from tests.gateway.sip.mutants import mutants
from tests.gateway.sip.torture import MESSAGES

INVITE = b"""\
INVITE sip:shop@example.com SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1, SIP/2.0/UDP 192.0.2.9
From: <sip:alice@example.net>;tag=a
To: <sip:shop@example.com>
Call-ID: x@y
CSeq: 7 INVITE
Max-Forwards: 70
Record-Route: <sip:p1;lr>, <sip:p2;lr>
Timestamp: 54
Content-Type: application/sdp
Content-Length: 5

v=0
""".replace(b"\n", b"\r\n")


def request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def changed(line: bytes, other: bytes) -> bytes:
    assert line in INVITE
    return INVITE.replace(line, other)


def refused(data: bytes) -> BadRequest:
    with pytest.raises(BadRequest) as fault:
        parse(data)
    return fault.value


# --- RFC 4475: what is valid is understood ---


def test_wsinv_is_read_in_spite_of_all_its_white_space() -> None:
    message = request(MESSAGES["wsinv"])
    assert message.uri == URI.parse("sip:vivekg@chair-dnrc.example.com;unknownparam")
    assert message.to_address.tag == "1918181833n"
    assert (message.from_address.name, message.from_address.tag) == ('J Rosenberg \\"', "98asjd8")
    assert (message.max_forwards, message.cseq.sequence, message.content_length) == (68, 9, 150)
    assert [(via.transport, via.host, via.branch) for via in message.via] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    (contact,) = message.contact
    assert contact.name == 'Quoted string ""'
    assert dict(contact.parameters) == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    (route,) = message.route
    assert dict(route.uri.parameters) == {"lr": None, "unknownwith": "value", "unknown-no-value": None}
    assert message.headers["Subject"] == ""
    assert message.headers["NewFangledHeader"] == "newfangled value continued newfangled value"
    assert len(message.body) == 150


def test_intmeth_has_every_character_that_is_allowed() -> None:
    message = request(MESSAGES["intmeth"])
    assert message.method == message.cseq.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert message.to_address.name == "BEL:\7 NUL:\0 DEL:\x7f"
    assert message.from_address.name == "token1~` token2'+_ token3*%!.-"
    assert message.from_address.parameters["fromparam''~+*_!.-%"] == "работающий"
    assert message.from_address.tag == "_token~1'+`*%!-."
    assert message.headers["extensionHeader-!.%*+_`'~"] == "\ufeff大停電"
    assert message.max_forwards == 255


def test_esc01_is_unescaped_once_and_only_in_uris() -> None:
    message = request(MESSAGES["esc01"])
    assert (message.uri.user, message.uri.host) == ("sips:user@example.com", "example.net")
    assert message.to_address.uri.user == "user"
    assert message.from_address.uri.user == "I have spaces"
    (contact,) = message.contact
    assert contact.uri.user == "caller"
    assert dict(contact.uri.parameters) == {"lr": None, "name": "value%41"}


def test_escnull_has_nulls_that_end_nothing() -> None:
    message = request(MESSAGES["escnull"])
    assert message.to_address.uri.user == "null-\0-null"
    assert [contact.uri.user for contact in message.contact] == ["\0", "\0\0"]


def test_esc02_has_percent_signs_that_escape_nothing() -> None:
    message = request(MESSAGES["esc02"])
    assert message.method == "RE%47IST%45R"
    assert message.to_address.name == "%Z%45"
    assert message.via[0].branch == "z9hG4bK209%fzsnel234"
    assert [contact.uri.user for contact in message.contact] == ["alias1", "alias3"]


def test_lwsdisp_has_no_space_after_the_name() -> None:
    assert request(MESSAGES["lwsdisp"]).from_address.name == "caller"


def test_longreq_is_read_to_its_end() -> None:
    message = request(MESSAGES["longreq"])
    assert len(message.via) == 34
    assert len(message.via[-1].branch) > 200
    assert message.call_id.startswith("longreq.onereallyreally")
    assert message.from_address.parameters["unknownheaderparam" + "name" * 20] == (  # as long as that
        "unknowheaderparam" + "value" * 15
    )
    assert message.to_address.uri.port == 6000
    assert len(message.body) == 150


def test_dblreq_ends_where_it_says() -> None:
    message = request(MESSAGES["dblreq"])
    assert (message.method, message.body) == ("REGISTER", b"")


def test_semiuri_has_a_user_with_a_semicolon_and_no_parameter() -> None:
    message = request(MESSAGES["semiuri"])
    assert (message.uri.user, message.uri.host) == ("user;par=u@example.net", "example.com")
    assert not message.uri.parameters
    assert message.accept is not None and len(message.accept) == 6


def test_transports_may_be_unknown() -> None:
    transports = [via.transport for via in request(MESSAGES["transports"]).via]
    assert transports == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_mpart01_has_a_binary_body() -> None:
    message = request(MESSAGES["mpart01"])
    assert message.content_type is not None
    assert (message.content_type.mime_type, message.content_type.parameters["boundary"]) == (
        "multipart/mixed",
        "7a9cbec02ceef655",
    )
    assert len(message.body) == message.content_length == 553
    assert b"\x30\x82\x01\x52" in message.body


def test_unreason_may_say_anything() -> None:
    message = parse(MESSAGES["unreason"])
    assert isinstance(message, Response)
    assert (message.code, message.phrase) == (200, "= 2**3 * 5**2 но сто девяносто девять - простое")


def test_noreason_says_nothing() -> None:
    message = parse(MESSAGES["noreason"])
    assert isinstance(message, Response)
    assert (message.code, message.phrase) == (100, "")


@pytest.mark.parametrize(
    "name",
    [
        "badbranch",
        "unksm2",
        "bext01",
        "invut",
        "regaut01",
        "bcast",
        "zeromf",
        "cparam01",
        "cparam02",
        "regescrt",
        "sdp01",
        "baddate",
        "inv2543",
    ],
)
def test_what_is_wrong_only_with_what_it_asks_for_is_read(name: str) -> None:
    """What must become of these is for the transaction, the call or the registrar to say."""
    read_everything(parse(MESSAGES[name]))


def test_unksm2_has_addresses_that_nobody_calls() -> None:
    message = request(MESSAGES["unksm2"])
    assert (message.to_address.uri.scheme, message.to_address.uri.host) == ("isbn", "2983792873")
    assert str(message.from_address.uri) == "http://www.example.com"
    assert str(message.contact[0].uri) == "name:John_Smith"


def test_cparam01_and_cparam02_put_the_same_parameter_in_different_places() -> None:
    outside, inside = (request(MESSAGES[name]).contact[0] for name in ("cparam01", "cparam02"))
    assert ("unknownparam" in outside.parameters, "unknownparam" in outside.uri.parameters) == (True, False)
    assert ("unknownparam" in inside.parameters, "unknownparam" in inside.uri.parameters) == (False, True)


def test_regescrt_has_headers_in_a_contact() -> None:
    (contact,) = request(MESSAGES["regescrt"]).contact
    assert contact.uri.headers == "Route=%3Csip:sip.example.com%3E"


def test_inv2543_is_older_than_tags_branches_and_max_forwards() -> None:
    message = request(MESSAGES["inv2543"])
    assert (message.from_address.tag, message.via[0].branch, message.max_forwards) == ("", "", None)
    assert message.to_address.parameters["user"] == "phone"
    assert len(message.body) == 105


# --- RFC 4475: what is invalid is refused ---


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("badinv01", 400, "malformed_field"),
        ("clerr", 400, "short_body"),
        ("ncl", 400, "malformed_field"),
        ("scalar02", 400, "malformed_field"),
        ("quotbal", 400, "malformed_field"),
        ("ltgtruri", 400, "malformed_uri"),
        ("lwsruri", 400, "malformed_request_line"),
        ("lwsstart", 400, "malformed_request_line"),
        ("trws", 400, "malformed_request_line"),
        ("escruri", 400, "malformed_uri"),
        ("regbadct", 400, "malformed_field"),
        ("badaspec", 400, "malformed_field"),
        ("baddn", 400, "malformed_field"),
        ("badvers", 505, "wrong_version"),
        ("mismatch01", 400, "other_method"),
        ("mismatch02", 400, "other_method"),
        ("insuf", 400, "missing_field"),
        ("unkscm", 416, "unknown_scheme"),
        ("novelsc", 416, "unknown_scheme"),
        ("multi01", 400, "repeated_field"),
        ("mcl01", 400, "repeated_field"),
    ],
)
def test_invalid_requests_get_their_status_and_what_an_answer_needs(
    name: str, status: int, code: str
) -> None:
    fault = refused(MESSAGES[name])
    assert (fault.status, fault.code) == (status, code)
    assert fault.request is not None
    assert fault.request.method.encode() == MESSAGES[name].split(b" ")[0]
    assert fault.request.headers.getlist("Via")


@pytest.mark.parametrize("name", ["scalarlg", "bigcode"])
def test_invalid_responses_are_nobodys(name: str) -> None:
    assert refused(MESSAGES[name]).request is None


def test_every_torture_message_is_looked_at() -> None:
    assert len(MESSAGES) == 49


# --- what else there is ---


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (changed(b"INVITE sip", b"INVITE  sip"), 400, "malformed_request_line"),
        (changed(b"shop@example.com SIP", b"x" * 2048 + b"@example.com SIP"), 414, "long_uri"),
        (changed(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), 505, "wrong_version"),
        (changed(b"To: <sip:shop", b"To: \xff<sip:shop"), 400, "malformed_header"),
        (changed(b"Timestamp: 54", b"Timestamp: 5\n4"), 400, "malformed_header"),
        (changed(b"Timestamp: 54", b"Timestamp: 5\r4"), 400, "malformed_header"),
        (changed(b"Timestamp: 54", b"Timestamp 54"), 400, "malformed_header"),
        (changed(b"Timestamp: 54", b"Contact: *"), 400, "malformed_field"),
        (changed(b"Content-Length: 5", b"Content-Length: 6"), 400, "short_body"),
        (INVITE.partition(b"\r\n\r\n")[0], 400, "malformed_header"),
        (changed(b"54", b"5" * LONGEST_HEAD), 513, "too_large"),
        (changed(b"Timestamp: 54", b"\r\n".join([b"a:"] * MOST_LINES)), 513, "too_large"),
        (INVITE + b"x" * LONGEST_MESSAGE, 513, "too_large"),
    ],
)
def test_requests_that_are_refused(data: bytes, status: int, code: str) -> None:
    fault = refused(data)
    assert (fault.status, fault.code) == (status, code)
    assert fault.request is not None
    assert encode(response(fault.request, fault.status, to_tag="t"))


def test_a_refusal_gives_back_even_what_is_no_text() -> None:
    fault = refused(changed(b"tag=a", b"tag=\xff"))
    assert fault.request is not None
    assert b"tag=\xff" in encode(response(fault.request, 400))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"INVITE sip:a SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n",
        b"SIP/2.0 099 Low\r\nVia: SIP/2.0/UDP a\r\n\r\n",
        b"SIP/3.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n",
        INVITE.replace(b"Via", b"Way"),
    ],
)
def test_what_nobody_can_answer(data: bytes) -> None:
    assert refused(data).request is None


def test_faults_say_nothing_of_what_was_sent() -> None:
    for data in mutants([INVITE], 300):
        try:
            parse(data)
        except BadRequest as fault:
            assert not {"alice", "shop", "192.0.2"} & set(fault.message.split())


def test_a_message_is_written_as_it_was_read() -> None:
    message = request(INVITE)
    assert [str(via) for via in message.via] == [
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "SIP/2.0/UDP 192.0.2.9",
    ]
    assert encode(message) == INVITE.replace(b", SIP", b"\r\nVia: SIP").replace(
        b", <sip:p2", b"\r\nRecord-Route: <sip:p2"
    )


@pytest.mark.parametrize("ending", [b"\r\n", b"\r\n\r\n\r\n"])
def test_empty_lines_before_a_message_are_nothing(ending: bytes) -> None:
    assert request(ending + INVITE).method == "INVITE"


def test_without_content_length_the_body_is_the_rest_of_the_datagram() -> None:
    assert request(changed(b"Content-Length: 5\r\n", b"") + b"o=\r\n").body == b"v=0\r\no=\r\n"


def test_content_length_is_written_as_it_is() -> None:
    message = request(INVITE)
    message.body = b"nothing like before"
    assert request(encode(message)).body == b"nothing like before"


@pytest.mark.parametrize("value", ["a\r\nEvil: 1", "a\nEvil: 1", "a\rb"])
def test_no_value_of_ours_can_begin_another_field(value: str) -> None:
    message = request(INVITE)
    message.headers.set("User-to-User", value)
    with pytest.raises(ValueError):
        encode(message)
    with pytest.raises(ValueError):
        encode(response(request(INVITE), 486, value))


# --- responses ---


def test_a_response_copies_what_the_rfc_says() -> None:
    answer = response(request(INVITE), 180, to_tag="b")
    assert (answer.code, answer.phrase) == (180, "Ringing")
    assert encode(answer).replace(b"\r\n", b"\n") == (
        b"SIP/2.0 180 Ringing\n"
        b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\n"
        b"Via: SIP/2.0/UDP 192.0.2.9\n"
        b"From: <sip:alice@example.net>;tag=a\n"
        b"To: <sip:shop@example.com>;tag=b\n"
        b"Call-ID: x@y\n"
        b"CSeq: 7 INVITE\n"
        b"Record-Route: <sip:p1;lr>\n"
        b"Record-Route: <sip:p2;lr>\n"
        b"Content-Length: 0\n\n"
    )


def test_a_tag_is_there_once() -> None:
    answer = response(
        request(changed(b"shop@example.com>\r\nCall", b"shop@example.com>;TAG=c\r\nCall")), 200, to_tag="b"
    )
    assert answer.headers["To"] == "<sip:shop@example.com>;TAG=c"


def test_only_100_brings_back_the_time_and_only_what_makes_a_dialog_the_route() -> None:
    trying, refusal = (response(request(INVITE), code, "No", to_tag="") for code in (100, 486))
    assert (trying.headers.get("Timestamp"), trying.headers.get("Record-Route")) == ("54", None)
    assert (refusal.headers.get("Timestamp"), refusal.headers.get("Record-Route")) == (None, None)
    assert refusal.phrase == "No"
    assert "tag" not in refusal.headers["To"]


# --- hostile input ---


@pytest.mark.parametrize(
    "field",
    [
        b"Contact: " + b",".join([b"<sip:a>"] * 80),
        b"Contact: <sip:a>" + b";a" * 8_000,
        b"Contact: <sip:a" + b";a" * 8_000 + b">",
        b'Contact: "' + b'\\"' * 7_500 + b'" <sip:a>',
        b"\r\n".join([b"v: SIP/2.0/UDP a"] * 250),
        b"\r\n".join([b"m: " + b",".join([b"<sip:a>"] * 8)] * 250),
        b"\r\n".join(b"h%d: 1" % number for number in range(250)),
        b"X: a" + b"\r\n a" * 4_000,
        b"X:" + b" " * 15_000,
    ],
    ids=lambda field: field[:20].decode(),
)
def test_no_message_takes_long_to_read(field: bytes) -> None:
    """A few milliseconds on a free core; the limit here is for a busy one."""
    data = changed(b"Timestamp: 54", field)
    began = process_time()
    with contextlib.suppress(BadRequest):
        parse(data)
    assert process_time() - began < 0.05


ACCESSORS: list[Callable[[Message], object]] = [
    lambda message: message.via,
    lambda message: message.from_address.uri,
    lambda message: message.to_address.tag,
    lambda message: message.call_id,
    lambda message: message.cseq,
    lambda message: message.contact,
    lambda message: message.route,
    lambda message: message.record_route,
    lambda message: message.max_forwards,
    lambda message: message.content_length,
    lambda message: message.content_type,
    lambda message: message.expires,
    lambda message: message.min_expires,
    lambda message: message.require,
    lambda message: message.supported,
]


def read_everything(message: Message) -> None:
    for accessor in ACCESSORS:
        accessor(message)


@pytest.mark.timeout(120)
def test_40000_mutants_raise_only_what_they_may() -> None:
    """And what is read can be written and read again; what is refused can be answered."""
    read = refused = 0
    for data in mutants([*MESSAGES.values(), INVITE], 40_000):
        try:
            message = parse(data)
        except BadRequest as fault:
            refused += 1
            if fault.request is not None:
                assert 400 <= fault.status < 600
                encode(response(fault.request, fault.status, to_tag="t"))
        else:
            read += 1
            read_everything(message)
            again = parse(encode(message))
            assert encode(again) == encode(message)
    assert read > 2_000 and refused > 20_000
