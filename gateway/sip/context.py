"""What callers hand over beside the call: User-to-User (RFC 7433) and agreed X- headers.  [core]

Untrusted, like everything that comes in from outside: shown to people and put into templates, never obeyed.
"""

from collections.abc import Iterable

from gateway.sip.message import Message

USER_TO_USER = "User-to-User"
LONGEST = 1024
"Characters of one value; more is cut off."


def context(message: Message, names: Iterable[str]) -> dict[str, str]:
    """Values of User-to-User and the named headers, by name in lower case; the readable text of each."""
    found: dict[str, str] = {}
    for name in (USER_TO_USER, *names):
        value = message.headers.get(name)
        if value:
            text = _user_to_user(value) if name == USER_TO_USER else value
            found[name.lower()] = "".join(sign for sign in text if sign.isprintable())[:LONGEST]
    return found


def user_to_user(text: str) -> str:
    """A User-to-User header's value that carries any text: hexadecimal, with the encoding named."""
    return text.encode().hex() + ";encoding=hex"


def _user_to_user(value: str) -> str:
    """Its text. Hexadecimal when it says so or says nothing and looks so (the default, section 4.1)."""
    data, *parameters = (part.strip() for part in value.split(";"))
    encodings = [p.split("=")[1].strip().lower() for p in parameters if p.lower().startswith("encoding=")]
    if encodings in ([], ["hex"]):
        try:
            return bytes.fromhex(data).decode()
        except ValueError:
            pass
    return data.strip('"')
