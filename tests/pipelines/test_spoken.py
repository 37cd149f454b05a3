"""Written text as a voice should read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.spoken import spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Order #10437 is here.", "Order 1 0 4, 3 7 is here."),
        ("order 10437", "order 1 0 4, 3 7"),
        ("Order 1 0 4 3 7, the tent, has shipped.", "Order 1 0 4, 3 7, the tent, has shipped."),
        ("reference 104377", "reference 1 0 4, 3 7 7"),
        ("case 1043712", "case 1 0 4, 3 7 1 2"),
        ("ticket T-2026-0042", "ticket T, 2 0 2 6, 0 0 4 2"),
        ("tracking 1Z999AA10123456784", "tracking 1 Z 9, 9 9 A, A 1 0, 1 2 3, 4 5 6, 7 8 4"),
        ("ID 4111111111111111", "I D 4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1"),
        ("call 1-800-555-0142, please", "call 1, 8 0 0, 5 5 5, 0 1 4 2, please"),
        ("call +1 800 555 0142", "call 1, 8 0 0, 5 5 5, 0 1 4 2"),
        ("Plan B is 1 of 2", "Plan B is 1 of 2"),
        ("refund R-301", "refund R, 3 0 1"),
        ("tracking 1Z999AA1", "tracking 1 Z 9 9, 9 A A 1"),
        ("It is $84.00.", "It is 84 dollars."),
        ("$1,234.50", "1234 dollars and 50 cents"),
        ("$1.00 or $0.99", "1 dollar or 99 cents"),
        ("€20, £1", "20 euros, 1 pound"),
        ("by 2026-11-22", "by November 22nd, 2026"),
        ("on 11/03/2026", "on November 3rd, 2026"),
        ("on Nov 12", "on November 12th"),
        ("at 9:00 AM", "at 9 A M"),
        ("at 9:05 pm today", "at 9 oh 5 P M today"),
        ("until 5 p.m. today", "until 5 P M today"),
        ("jane.doe@shop-mail.com", "jane dot doe at shop dash mail dot com"),
        ("see https://www.shop.example/returns.", "see shop dot example slash returns."),
        ("ZIP 94107", "ZIP 9 4 1, 0 7"),
        ("ZIP 94107-1234", "ZIP 9 4 1, 0 7, 1 2 3 4"),
        ("call 555-123-4567", "call 5 5 5, 1 2 3, 4 5 6 7"),
        ("**Refunds** take _5-7_ days", "Refunds take 5 to 7 days"),
        ("[our policy](https://x.example/y) [1]", "our policy"),
        ("# Title\n- one\n- two", "Title. one. two"),
        ("Dr. Smith, 12 Main St.", "Doctor Smith, 12 Main Street"),
        ("e.g. shoes & socks", "for example shoes and socks"),
        ("15% off, 24/7", "15 percent off, 24 7"),
        ("No. It is in 2026.", "No. It is in 2026."),
        ("and/or", "and or or"),
        ("🎉", ""),
        ("...", ""),
    ],
)
def test_reads(written: str, said: str) -> None:
    assert spoken(written) == said


def test_is_said_once_more_the_same_way() -> None:
    once = spoken("Order #10437 for $84.50 arrives on 2026-11-22.")
    assert spoken(once) == once


@given(st.text(max_size=200))
def test_any_text_can_be_spoken(text: str) -> None:
    assert "\n" not in spoken(text)
