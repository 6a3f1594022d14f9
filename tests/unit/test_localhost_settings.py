"""What the local host reads: host.json, its overrides, local.settings.json, and %SETTING% in triggers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localhost.queues import connection_string
from localhost.settings import HostError, complete_environment, read_host_settings, resolved, seconds_of

TOP = Path(__file__).resolve().parents[2]


def test_the_apps_own_host_file_says_sixteen_at_once_five_tries_and_base64() -> None:
    host = read_host_settings(TOP, {})
    assert (host.queues.batch_size, host.queues.new_batch_threshold, host.queues.dequeue_count_max) == (
        16,
        8,
        5,
    )
    assert (host.queues.visibility_seconds, host.queues.polling_seconds_max) == (30.0, 5.0)
    assert host.queues.base64
    assert (host.route_prefix, host.function_seconds_max) == ("api", 600.0)


def test_a_variable_overrides_one_value_of_the_host_file() -> None:
    host = read_host_settings(
        TOP, {"AzureFunctionsJobHost__extensions__queues__MaxPollingInterval": "00:00:00.250"}
    )
    assert host.queues.polling_seconds_max == 0.25
    assert host.queues.batch_size == 16


def test_without_a_host_file_azures_defaults_hold(tmp_path: Path) -> None:
    host = read_host_settings(tmp_path, {})
    assert (host.queues.batch_size, host.queues.new_batch_threshold, host.queues.dequeue_count_max) == (
        16,
        8,
        5,
    )
    assert (host.queues.visibility_seconds, host.queues.polling_seconds_max) == (0.0, 60.0)


def test_more_messages_at_once_than_the_service_gives_are_refused() -> None:
    with pytest.raises(HostError, match="batchSize is 33"):
        read_host_settings(TOP, {"AzureFunctionsJobHost__extensions__queues__batchSize": "33"})


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:00:30", 30.0), ("01:02:03", 3723.0), ("00:00:00.200", 0.2)]
)
def test_times_are_hours_minutes_and_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


def test_a_time_of_another_form_is_refused() -> None:
    with pytest.raises(HostError, match="hh:mm:ss"):
        seconds_of("30")


def test_local_settings_fill_in_what_the_environment_lacks(tmp_path: Path) -> None:
    values = {"GIVEN": "from the file", "LACKING": "from the file", "EMPTY": ""}
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": values}), encoding="utf-8")
    environ = {"GIVEN": "from the environment"}
    complete_environment(tmp_path, environ)
    assert environ == {"GIVEN": "from the environment", "LACKING": "from the file"}


def test_a_setting_named_in_a_trigger_must_be_set() -> None:
    assert resolved("%TICK%", {"TICK": "0 0 * * * *"}) == "0 0 * * * *"
    with pytest.raises(HostError, match="TICK"):
        resolved("%TICK%", {})


def test_development_storage_is_the_emulators_own_account() -> None:
    found = connection_string("WORK", {"WORK": "UseDevelopmentStorage=true"})
    assert "AccountName=devstoreaccount1" in found
    assert "http://127.0.0.1:10001/devstoreaccount1" in found


def test_a_trigger_without_its_connection_is_refused_by_name() -> None:
    with pytest.raises(HostError, match="WORK"):
        connection_string("WORK", {})
