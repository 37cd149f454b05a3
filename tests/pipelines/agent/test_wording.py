from pipelines.agent.definition import Spoken
from pipelines.agent.wording import render

LINE = Spoken(
    voice="Order {order_id:id} costs {total:money}. It came on {day:date}.",
    chat="Order {order_id:id} costs {total:money}. It came on {day:date}.",
)
VALUES = {"order_id": "10437", "total": 84.0, "day": "2026-11-07"}


def test_the_ear_gets_digits_and_round_money() -> None:
    assert render(LINE, VALUES, "voice") == "Order 1 0 4 3 7 costs $84. It came on November 7."


def test_the_eye_gets_numbers_and_cents() -> None:
    assert render(LINE, VALUES, "chat") == "Order 10437 costs $84.00. It came on November 7."


def test_a_sentence_without_its_value_is_left_out() -> None:
    assert render(LINE, {**VALUES, "day": None}, "chat") == "Order 10437 costs $84.00."
    assert render(LINE, {}, "chat") == ""


def test_lists_read_as_people_say_them_and_braces_in_values_are_text() -> None:
    line = Spoken(voice="{items}", chat="{items}")
    assert render(line, {"items": ["boots", "socks", "{tent}"]}, "chat") == "boots, socks and {tent}"


def test_a_date_that_is_none_is_said_as_it_stands() -> None:
    assert render(Spoken(voice="{d:date}", chat="{d:date}"), {"d": "soon"}, "voice") == "soon"
