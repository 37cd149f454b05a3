"""Which passwords are refused, and why, after NIST SP 800-63B section 5.1.1.2: length decides, and not being
among what everybody tries first; no rule about kinds of characters, and no expiry.  [core]
"""

import unicodedata

SHORTEST = 12
LONGEST = 256
FEWEST_DIFFERENT = 5
"Characters; fewer are a pattern such as `abababababab`."

_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "01234567890123456789",
    "qazwsxedcrfvtgbyhnujmikolp",
)
_COMMON = frozenset(
    """
    1q2w3e4r5t6y 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv q1w2e3r4t5y6 zaq12wsxcde3 qwerty123456
    qwertyuiop123 qwertyuiop12 qwerty1234567 123456qwerty asdfghjkl123 zxcvbnm12345 123qweasdzxc
    qweasdzxc123 password1234 password12345 password123456 passwordpassword p@ssw0rd1234 p@ssword1234
    mypassword123 changeme1234 changemenow! letmein12345 letmeinplease welcome12345 welcome123456
    iloveyou1234 iloveyousomuch ihateyou1234 administrator administrator1 adminadmin12 admin1234567
    adminpassword rootpassword test12345678 testtesttest testing12345 temppassword temporary123
    secretsecret supersecret1 trustno1trust correcthorsebatterystaple unbelievable thebestoftimes
    callcenter123 callcentre123 contactcenter customerservice helpdesk1234 supervisor12 supervisor123
    monkey123456 dragon123456 football1234 baseball1234 basketball12 liverpoolfc1 manchesterunited
    chelsea12345 arsenal12345 barcelona123 realmadrid12 superman1234 princess1234 sunshine1234
    charlie12345 michael12345 jennifer1234 jordan123456 computer1234 internet1234 starwars1234
    spiderman123 pokemon12345 whatever1234 qwerty654321 a1b2c3d4e5f6 aa123456789a abcd12345678
    abc123456789 abcdef123456 1234qwerasdf 1234567890ab 1234567890qwerty 147258369147 159753456852
    789456123012 112233445566 121212121212 102030405060 100200300400 098765432109 987654321098
    0987654321qw
    """.split()
)
"A small list of those of 12 characters and more that are tried first; lower case."


def plain(password: str) -> str:
    """The password as it is hashed: the same letters typed on another keyboard are the same (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def fault(password: str, *own_names: str) -> str | None:
    """Why this password is refused, as a sentence for the person; None: it is good.

    `own_names`: what a guesser who knows the person would begin with.
    """
    text = plain(password)
    if not SHORTEST <= len(text) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} characters."
    folded = text.casefold()
    if len(set(folded)) < FEWEST_DIFFERENT or _is_row(folded):
        return "That is a pattern which is guessed at once."
    if folded in _COMMON or folded.strip("0123456789!?.*#$ ") in _COMMON:
        return "That is one of the passwords which are tried first."
    named = (name.casefold() for name in (*own_names, "warmline"))
    if any(len(name) >= 3 and name in folded and len(folded) - len(name) < SHORTEST // 2 for name in named):
        return "That is little more than a name."
    return None


def _is_row(text: str) -> bool:
    """Whether it runs along the keyboard, the alphabet or the digits, there or back."""
    return any(text in row * 2 or text[::-1] in row * 2 for row in _ROWS)
