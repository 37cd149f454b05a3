"""What webhooks ask, and the documents that answer them."""

import json
import xml.etree.ElementTree as ET

import pytest

from gateway.protocol_error import ProtocolError
from gateway.stream import documents
from gateway.stream.documents import Incoming
from gateway.stream.signatures import SignedRequest

URL = "wss://voice.example.com/telephone/x/stream"
CALL = Incoming("CA1", '+1555"<&>0001', "+15550002")


def webhook(body: bytes = b"", url: str = "https://a.example/x", kind: str = "") -> Incoming:
    return documents.incoming(SignedRequest("POST", url, {"content-type": kind}, body))


@pytest.mark.parametrize(
    ("body", "url", "kind"),
    [
        (b"CallSid=c&From=%2B1&To=%2B2", "https://a.example/x", "application/x-www-form-urlencoded"),
        (b"CallUUID=c&From=%2B1&To=%2B2", "https://a.example/x", "application/x-www-form-urlencoded"),
        (b'{"uuid":"c","from":"+1","to":"+2"}', "https://a.example/x", "application/json; charset=utf-8"),
        (b"", "https://a.example/x?uuid=c&from=%2B1&to=%2B2", ""),
        (b"", "https://a.example/x?CallSid=c&CallFrom=%2B1&CallTo=%2B2", ""),
    ],
)
def test_every_provider_names_call_and_numbers_in_its_own_way(body: bytes, url: str, kind: str) -> None:
    assert webhook(body, url, kind) == Incoming("c", "+1", "+2")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ""),
        (b"From=1", "application/x-www-form-urlencoded"),
        (b"CallSid=" + b"c" * 200, "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"uuid":7}', "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
    ],
)
def test_a_webhook_without_a_call_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(ProtocolError):
        webhook(body, kind=kind)


def parameters(document: documents.Document) -> tuple[ET.Element, dict[str, str]]:
    stream = ET.fromstring(document.text).find("Connect/Stream")
    assert stream is not None and document.media_type == "application/xml"
    return stream, {p.attrib["name"]: p.attrib["value"] for p in stream.findall("Parameter")}


def test_twilio_gets_numbers_and_ticket_as_parameters() -> None:
    stream, given = parameters(documents.twiml(URL, CALL, "T"))
    assert stream.attrib == {"url": URL}
    assert given == {"caller": CALL.caller, "called": CALL.called, "ticket": "T"}


def test_telnyx_gets_the_ticket_in_the_address_and_a_stream_both_ways() -> None:
    stream, given = parameters(documents.texml(URL, CALL, "T"))
    assert stream.attrib["url"] == f"{URL}?ticket=T"
    assert stream.attrib["bidirectionalMode"] == "rtp"
    assert given == {"caller": CALL.caller, "called": CALL.called}


def test_plivo_gets_letters_and_digits_only() -> None:
    document = documents.plivo_xml(URL, CALL, "T")
    stream = ET.fromstring(document.text).find("Stream")
    assert stream is not None and stream.text == URL
    assert stream.attrib["extraHeaders"] == "caller=15550001,called=15550002,ticket=T"
    assert stream.attrib["bidirectional"] == "true"


def test_vonage_gets_an_endpoint_with_headers() -> None:
    ((action),) = json.loads(documents.ncco(URL, CALL, "T").text)
    (endpoint,) = action["endpoint"]
    assert action["action"] == "connect"
    assert endpoint["uri"] == f"{URL}?ticket=T"
    assert endpoint["headers"] == {"call": "CA1", "caller": CALL.caller, "called": CALL.called}


def test_exotel_gets_an_address_with_a_login_in_it() -> None:
    document = documents.exotel_url(URL, "us er", "p@ss/")
    assert json.loads(document.text) == {
        "url": "wss://us%20er:p%40ss%2F@voice.example.com/telephone/x/stream"
    }
