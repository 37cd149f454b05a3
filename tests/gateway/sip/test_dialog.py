import pytest

from gateway.protocol_error import ProtocolError
from gateway.sip.address import Address
from gateway.sip.dialog import Dialog, contact_uri, next_hop, tagged
from gateway.sip.hop import Hop
from gateway.sip.uri import URI
from tests.gateway.sip.requests import request

INVITE = request(headers=(("Contact", "<sip:there@192.0.2.7:5070>"),))


def test_a_dialog_knows_both_ends() -> None:
    dialog = Dialog.answering(INVITE, "ours")
    assert (dialog.local_tag, dialog.remote_tag) == ("ours", "a")
    assert dialog.remote_sequence == 1
    assert str(dialog.next_uri) == "sip:there@192.0.2.7:5070"


def test_a_dialog_needs_a_contact() -> None:
    with pytest.raises(ProtocolError) as refusal:
        Dialog.answering(request(), "ours")
    assert refusal.value.status == 400
    with pytest.raises(ProtocolError):
        contact_uri(request())


def test_requests_count_when_they_are_sent_and_an_ack_has_the_number_of_its_invite() -> None:
    dialog = Dialog.answering(INVITE, "ours")
    invite, bye = dialog.request("INVITE"), dialog.request("BYE")
    for request_of_ours in (invite, bye):
        dialog.count(request_of_ours)
    assert (str(invite.cseq), str(bye.cseq)) == ("1 INVITE", "2 BYE")
    assert str(dialog.acknowledgement(1).cseq) == "1 ACK"


@pytest.mark.parametrize(
    ("from_tag", "to_tag", "sequence", "status"),
    [("a", "ours", 2, 0), ("b", "ours", 2, 481), ("a", "other", 2, 481), ("a", "ours", 1, 500)],
)
def test_a_request_must_be_of_the_dialog_and_in_order(
    from_tag: str, to_tag: str, sequence: int, status: int
) -> None:
    dialog = Dialog.answering(INVITE, "ours")
    came = request("BYE", from_=f"<sip:x@y.example>;tag={from_tag}", to=f"<sip:z@y.example>;tag={to_tag}")
    came.headers.set("CSeq", f"{sequence} BYE")
    if status:
        with pytest.raises(ProtocolError) as refusal:
            dialog.accept(came)
        assert refusal.value.status == status
        assert dialog.remote_sequence == 1
    else:
        dialog.accept(came)
        assert dialog.remote_sequence == sequence


def test_a_tag_takes_the_place_of_all_other_parameters() -> None:
    assert str(tagged(Address.parse("Bob <sip:b@example.org>;tag=old;x=y"), "new")) == (
        '"Bob" <sip:b@example.org>;tag=new'
    )


CAME = Hop("tcp", "192.0.2.7", 40_000, connection=3)


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:a@192.0.2.7:5070", Hop("tcp", "192.0.2.7", 5070, 3)),
        ("sip:a@192.0.2.7", Hop("tcp", "192.0.2.7", 5060, 3)),
        ("sip:a@192.0.2.8;transport=TCP", Hop("tcp", "192.0.2.8", 5060)),
        ("sip:a@192.0.2.7;transport=udp", Hop("udp", "192.0.2.7", 5060)),
        ("sip:a@[2001:db8::1]:5070", Hop("tcp", "2001:db8::1", 5070)),
        ("sips:a@192.0.2.7", Hop("tls", "192.0.2.7", 5061)),
        ("sip:a@phone.example", CAME),
        ("sip:a@192.0.2.7;transport=sctp", Hop("tcp", "192.0.2.7", 5060, 3)),
    ],
)
def test_where_a_request_goes(uri: str, hop: Hop) -> None:
    assert next_hop(URI.parse(uri), CAME) == hop
