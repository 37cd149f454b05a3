"""TLS for SIP: our certificate when we are called, theirs when we call."""

import ssl

from gateway.trunks import Tls
from pipelines.facts import Unavailable


def server_context(tls: Tls) -> ssl.SSLContext:
    """For connections that come in. Raises `Unavailable`, saying which file cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    assert tls.certificate is not None and tls.private_key is not None, "the configuration was checked"
    try:
        context.load_cert_chain(tls.certificate, tls.private_key, password=_no_passphrase)
    except (OSError, ValueError) as error:  # SSLError is an OSError
        files = f"{tls.certificate} and {tls.private_key}"
        raise Unavailable(f"the TLS certificate cannot be used ({files}): {_reason(error)}") from error
    return context


def client_context(tls: Tls, *, verify: bool) -> ssl.SSLContext:
    """For connections that we open; `verify`: the other side's certificate must be right."""
    try:
        context = ssl.create_default_context(cafile=tls.authorities)
    except OSError as error:
        raise Unavailable(f"the authorities cannot be read ({tls.authorities}): {_reason(error)}") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _no_passphrase() -> str:
    """Without this OpenSSL asks at the terminal, and the gateway waits for ever."""
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError | PermissionError) and error.strerror:
        return error.strerror
    return getattr(error, "reason", None) or "it is no such PEM file"
