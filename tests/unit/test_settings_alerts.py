"""The settings of alerts: complete or refused by name, and no secret in any message."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

import pytest

from shared.errors import SettingsError
from shared.settings_alerts import EVENTS, AlertSettings, read_alert_settings

CARD = {
    "name": "finance-teams",
    "kind": "teams",
    "owners": ["finance"],
    "url": "https://flows.test/hush-hush?sig=hush",
}
MAIL = {
    "name": "duty", "kind": "mail", "owners": ["it"], "url": "https://x.communication.azure.com", "key": "aHVzaC1odXNo",
    "from": "a@b.test", "to": ["c@d.test"],
}  # fmt: skip
HOOK = {
    "name": "desk",
    "kind": "webhook",
    "owners": ["*"],
    "url": "https://hook.test/",
    "secrets": ["hush-hush-hush-hush"],
}


def read(*channels: dict[str, Any], **more: str) -> AlertSettings:
    return read_alert_settings({"TILLPOST_ALERT_CHANNELS": json.dumps(channels), **more})


def test_without_any_nobody_is_told_and_the_word_of_the_day_is_at_seven() -> None:
    assert read_alert_settings({}) == AlertSettings()
    assert (AlertSettings().channels, AlertSettings().digest_at, AlertSettings().high_value) == (
        (),
        time(7, 0),
        1000,
    )


def test_every_kind_is_read_and_takes_its_owners_events() -> None:
    card, mail, hook = read(CARD, MAIL, {**HOOK, "events": ["escalation"]}).channels
    assert (card.kind, card.host, card.events) == ("teams", "flows.test", frozenset(EVENTS))
    assert (mail.sender, mail.to, mail.key) == ("a@b.test", ("c@d.test",), "aHVzaC1odXNo")
    assert card.takes("finance", "new")
    assert not card.takes("it", "new")
    assert hook.takes("it", "escalation")
    assert not hook.takes("it", "new")


def test_quiet_hours_are_read_by_owner() -> None:
    text = '{"finance": {"from": "18:00", "until": "08:00", "zone": "Europe/London", "days": ["saturday", "sunday"]}}'
    (quiet,) = read(TILLPOST_QUIET_HOURS=text).quiet.values()
    assert (quiet.begins, quiet.ends, quiet.zone, quiet.days) == (time(18), time(8), "Europe/London", {5, 6})


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": "two words"}, {"name": "x" * 41}, {"name": 7}, {"kind": "pager"}, {"kind": ["teams"]},
        {"url": "http://flows.test/hush-hush"}, {"url": "https://"}, {"url": "https://hush:hush@flows.test/"},
        {"url": "https://flows.test:port/hush"}, {"url": None}, {"owners": []}, {"owners": ["nobody"]}, {"owners": "it"},
        {"events": ["sometimes"]}, {"colour": "red"}, {"to": ["no address"]}, {"to": ["a@b.test"] * 21},
    ],
)  # fmt: skip
def test_a_channel_that_is_wrong_is_refused_and_none_of_its_secrets_is_shown(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        read({**CARD, **wrong})
    assert "TILLPOST_ALERT_CHANNELS" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "channel",
    [
        {**HOOK, "secrets": []}, {**HOOK, "secrets": ["short"]}, {**HOOK, "secrets": ["hush-hush-hush-hush"] * 3},
        {**MAIL, "key": ""}, {**MAIL, "key": 7}, {**MAIL, "key": "no base64!"}, {**MAIL, "from": ""}, {**MAIL, "to": []},
        {**MAIL, "url": "https://x.communication.azure.com/elsewhere"},
    ],
)  # fmt: skip
def test_a_channel_that_lacks_what_its_kind_needs_is_refused(channel: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        read(channel)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TILLPOST_ALERT_CHANNELS", "{}"), ("TILLPOST_ALERT_CHANNELS", "[1]"), ("TILLPOST_ALERT_CHANNELS", "nothing"),
        ("TILLPOST_ALERT_CHANNELS", json.dumps([CARD, CARD])), ("TILLPOST_QUIET_HOURS", "[]"),
        ("TILLPOST_QUIET_HOURS", '{"nobody": {}}'), ("TILLPOST_QUIET_HOURS", '{"it": {"from": "18:00"}}'),
        ("TILLPOST_QUIET_HOURS", '{"it": {"from": "25:00", "until": "08:00", "zone": "UTC"}}'),
        ("TILLPOST_QUIET_HOURS", '{"it": {"from": "18:00", "until": "08:00", "zone": "Mars"}}'),
        ("TILLPOST_QUIET_HOURS", '{"it": {"from": "18:00", "until": "08:00", "zone": "UTC", "days": ["someday"]}}'),
        ("TILLPOST_QUIET_HOURS", json.dumps({"it": {"from": "18:00", "until": "08:00", "zone": "UTC", "days": [
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]}})),
        ("TILLPOST_DIGEST_AT", "7"), ("TILLPOST_DIGEST_AT", "24:00"), ("TILLPOST_DIGEST_ZONE", "Nowhere/Town"),
        ("TILLPOST_RUNBOOKS_URL", "http://runbooks.test"), ("TILLPOST_HIGH_VALUE", "0"), ("TILLPOST_HIGH_VALUE", "1.5"),
        ("TILLPOST_HIGH_VALUE", "100000001"),
    ],
)  # fmt: skip
def test_a_setting_that_is_wrong_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_alert_settings({name: text})
    assert name in str(caught.value)
