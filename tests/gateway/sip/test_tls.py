"""Certificates that can and cannot be used."""

import ssl
from pathlib import Path

import pytest

from gateway.sip.tls import client_context, server_context
from gateway.trunks import Tls
from pipelines.facts import Unavailable
from tests.interop import certificates


def test_a_certificate_and_its_key_are_loaded(tmp_path: Path) -> None:
    file = certificates.make(tmp_path / "tls.pem")
    context = server_context(Tls(certificate=file, private_key=file))
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    "content", [None, "", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "tls.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Unavailable, match=r"tls\.pem"):
        server_context(Tls(certificate=file, private_key=file))


def test_who_does_not_verify_says_so() -> None:
    assert client_context(Tls(), verify=True).verify_mode == ssl.CERT_REQUIRED
    assert client_context(Tls(), verify=True).check_hostname
    assert client_context(Tls(), verify=False).verify_mode == ssl.CERT_NONE


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"none\.pem"):
        client_context(Tls(authorities=tmp_path / "none.pem"), verify=True)
