"""Keys by which a caller is found again, without their number standing anywhere.

A key is a keyed hash. Numbers are few, so a plain hash of one could be undone by trying all; without our
secret that cannot be done. The secret is made once and kept beside the store's file, not in the store; nodes
that share a store are configured with the same one.
"""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from gateway.sip import numbers
from pipelines.facts import Unavailable

SECRET_BYTES = 32
FILE = "caller-key"
FEWEST = 5
"Digits; what is shorter is an extension that many may have, or no number at all (`anonymous`)."


class CallerKeys:
    """Makes keys with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, number: str | None) -> str | None:
        """The key of a number as the wire, or a person, gives it; None for what tells nobody apart."""
        plain = numbers.normalised(number or "").removeprefix("+").removeprefix("00")
        if re.fullmatch(rf"[0-9]{{{FEWEST},20}}", plain, re.ASCII) is None:
            return None
        return hmac.new(self._secret, plain.encode(), hashlib.sha256).hexdigest()


def secret_of(folder: Path, configured: SecretStr | None) -> bytes:
    """The configured secret, else the one in the folder, which is made when there is none.

    Raises `Unavailable` when it can be neither read nor made.
    """
    if configured is not None:
        return configured.get_secret_value().encode()
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _make(path)
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise Unavailable(f"the key in {path} cannot be read: {error}") from error
    if len(secret) != SECRET_BYTES:
        raise Unavailable(f"{path} holds no key of {SECRET_BYTES} bytes; delete it to have a new one made")
    return secret


def _make(path: Path) -> None:
    """A new secret, whole or not at all, for our eyes only; raises `FileExistsError`."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(SECRET_BYTES))
        os.link(draft, path)
    finally:
        draft.unlink()
