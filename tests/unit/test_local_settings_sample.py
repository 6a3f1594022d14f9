"""The sample of local settings names every setting of the app, and no other but the host's own two."""

from __future__ import annotations

import json
from pathlib import Path

from shared.settings import SETTING_NAMES, read_settings

SAMPLE = Path(__file__).resolve().parents[2] / "local.settings.sample.json"
HOSTS_OWN = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}


def values() -> dict[str, str]:
    loaded: dict[str, str] = json.loads(SAMPLE.read_text(encoding="utf-8"))["Values"]
    return loaded


def test_the_sample_names_exactly_the_settings_there_are() -> None:
    assert set(values()) == set(SETTING_NAMES) | HOSTS_OWN


def test_the_sample_can_be_read_as_it_is() -> None:
    settings = read_settings(values())
    assert settings.environment == "simulation"
    assert set(settings.senders) == {"local-tills"}
    assert settings.people[0].name == "local desk"
