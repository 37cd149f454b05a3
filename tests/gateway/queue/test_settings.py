"""The queues' configuration: what works, and what is said of what cannot."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway import config
from gateway.queue.hours import is_open
from gateway.queue.settings import Priorities, Queues, check_phones
from gateway.trunks import Telephone

BILLING: dict[str, Any] = {"name": "billing", "skills": "refunds, invoices", "languages": ["en", "de"]}
BOSS: dict[str, Any] = {"key": "boss", "number": "+49 30 123", "name": "The boss"}
HOOK = {"key": "tickets", "url": "https://tickets.example", "secret": "of-the-ticket-desk"}
TELEPHONE = Telephone.model_validate(
    {
        "listen": ["udp:0.0.0.0:5060"],
        "trunks": [{"name": "carrier", "address": "sip.example"}, {"name": "in", "networks": ["192.0.2.1"]}],
        "dial": {"allowed": ["+49*"], "refused": ["+49900*"]},
    }
)


def problem(**values: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Queues.model_validate(values)
    return refused.value.errors()[0]["msg"]


def test_without_configuration_there_is_one_queue_that_is_always_open() -> None:
    queues = Queues()
    (general,) = queues.all
    assert (general.name, general.shown, general.offer_s) == ("general", "general", 20)
    assert is_open(queues.schedule("general"), 0.0)
    assert queues.serving("refunds", "en").name == "general"
    assert [each.code for each in queues.dispositions_of("general")][0] == "resolved"
    assert queues.canned_of(["general"])


def test_a_wish_goes_to_the_queue_that_serves_it() -> None:
    queues = Queues.model_validate({"named": [BILLING, {"name": "vip"}]})
    assert [queue.name for queue in queues.all] == ["billing", "vip", "general"]
    found = {
        (skill, language): queues.serving(skill, language).name
        for skill, language in [
            ("refunds", "en"),
            ("refunds", "de-AT"),
            ("refunds", ""),
            ("refunds", "fr"),
            ("billing", "en"),
            ("vip", "fr"),
            (None, "en"),
        ]
    }
    assert list(found.values()) == ["billing", "billing", "billing", "general", "billing", "vip", "general"]


def test_a_queue_that_is_not_configured_has_the_usual_settings() -> None:
    queues = Queues.model_validate({"named": [BILLING]})
    assert queues.of("gone").max_wait_s == 900 and queues.of("gone").name == "gone"
    assert queues.course("gone")[0][0] == "gone"


def test_a_queues_own_words_go_before_the_others() -> None:
    queues = Queues.model_validate(
        {
            "named": [
                {
                    **BILLING,
                    "dispositions": [{"code": "paid", "title": "Paid back"}],
                    "canned": [{"key": "hello", "title": "Hi", "text": "Billing here."}],
                }
            ]
        }
    )
    assert [each.code for each in queues.dispositions_of("billing")] == ["paid"]
    texts = {reply.key: reply.text for reply in queues.canned_of(["billing", "general"])}
    assert texts["hello"] == "Billing here." and "bye" in texts


def test_holidays_and_zones_of_all_queues_hold_for_each() -> None:
    queues = Queues.model_validate(
        {"time_zone": "Europe/Berlin", "holidays": "1970-01-01", "named": [{**BILLING, "time_zone": "UTC"}]}
    )
    assert not is_open(queues.schedule("billing"), 0.0)
    assert queues.schedule("billing").zone != queues.schedule("general").zone


def test_priorities_add_up() -> None:
    priorities = Priorities.model_validate({"vip": 7, "reasons": {"complaint": 3}})
    assert priorities.points() == 0
    assert priorities.points(vip=True, returning=True, reason="complaint") == 15
    assert priorities.points(rescued=True) > priorities.points(vip=True, transferred=True)


def test_skills_are_written_as_a_list_a_text_or_with_levels() -> None:
    for given in (["tax", "law:8"], "tax, law:8", {"tax": 5, "law": 8}):
        queues = Queues.model_validate({"phones": [{**BOSS, "skills": given}]})
        assert queues.phones[0].skills == {"tax": 5, "law": 8}
    assert queues.phone("boss") == queues.phones[0] and queues.phone("") is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"named": [BILLING, BILLING]}, "two queues have the same `name`: `billing`"),
        ({"named": [{"name": "Billing dept"}]}, "small letters"),
        ({"named": [{**BILLING, "skills": "Tax!"}]}, "a skill is"),
        ({"named": [{**BILLING, "languages": "english"}]}, "two or three small letters"),
        ({"named": [{**BILLING, "hours": "mon 9-5"}]}, "`mon-fri 09:00-17:30`: `mon 9-5`"),
        ({"named": [{**BILLING, "holidays": "02-30"}]}, "there is no such day: `02-30`"),
        (
            {"named": [{**BILLING, "overflow": {"queue": "nowhere"}}]},
            "flows over into no queue here: `nowhere`",
        ),
        ({"named": [{**BILLING, "overflow": {"queue": "billing"}}]}, "into itself"),
        ({"named": [{**BILLING, "strategy": "random"}]}, "'longest_idle' or 'best_skill'"),
        ({"named": [{**BILLING, "offer_s": 0}]}, "greater than 0"),
        ({"time_zone": "Europe/Atlantis"}, "no such time zone"),
        ({"time_zone": "/etc/passwd"}, "no such time zone"),
        ({"phones": [BOSS, BOSS]}, "two phones have the same `key`: `boss`"),
        ({"phones": [{**BOSS, "queues": "nowhere"}]}, "is in no queue here: `nowhere`"),
        ({"phones": [{**BOSS, "number": "sip:x@evil"}]}, "cannot be dialled"),
        ({"phones": [{**BOSS, "skills": {"tax": 11}}]}, "less than or equal to 10"),
        ({"webhooks": [HOOK, HOOK]}, "two webhooks have the same `key`: `tickets`"),
        ({"webhooks": [{**HOOK, "queues": "nowhere"}]}, "has no queue here: `nowhere`"),
        ({"webhooks": [{**HOOK, "url": "http://tickets.example"}]}, "is no `https` address"),
        ({"dispositions": []}, "at least 1 item"),
    ],
)
def test_what_cannot_work_is_said_in_words(values: dict[str, Any], said: str) -> None:
    assert said in problem(**values)


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ({}, None),
        ({"trunk": "carrier"}, None),
        ({"trunk": "in"}, "needs a trunk that can call"),
        ({"trunk": "nowhere"}, "needs a trunk that can call"),
        ({"number": "+1 212 555"}, "does not allow the number of: `boss`"),
        ({"number": "+49 900 1"}, "does not allow the number of: `boss`"),
    ],
)
def test_a_phone_target_must_be_one_that_may_be_called(phone: dict[str, Any], said: str | None) -> None:
    queues = Queues.model_validate({"phones": [{**BOSS, **phone}]})
    if said is None:
        check_phones(queues, TELEPHONE)
    else:
        with pytest.raises(ValueError, match=said):
            check_phones(queues, TELEPHONE)


def test_the_configuration_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "warmline.yaml"
    file.write_text("queues:\n  phones:\n    - {key: boss, number: '+49301', name: Boss}\n")
    with pytest.raises(config.ConfigError, match=r"yaml:1: queues: `queues.phones` need a telephone"):
        config.load(file, {})
    file.write_text("queues:\n  named:\n    - name: a\n      hours: nine to five\n")
    with pytest.raises(config.ConfigError, match=r"yaml:4: queues.named.0.hours"):
        config.load(file, {})
    assert config.load(None, {"WARMLINE_QUEUES__TIME_ZONE": "UTC"}).queues.all[0].name == "general"
