"""Settings: complete and right, or refused at start with the name of the one at fault."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.errors import SettingsError
from shared.settings import ROLES, SETTING_NAMES, read_settings

HASH = "ab" * 32
SENDERS = [{"account": "east", "secrets": ["a secret of the east"], "stores": ["*"]}]
PEOPLE = [{"name": "desk", "roles": ["finance"], "key_sha256": HASH}]
GOOD = {
    "TILLPOST_ENVIRONMENT": "production",
    "TILLPOST_STORAGE__tableServiceUri": "https://tillpost.table.core.windows.net/",
    "TILLPOST_STORAGE__queueServiceUri": "https://tillpost.queue.core.windows.net",
    "TILLPOST_STORAGE__clientId": "an identity",
    "TILLPOST_SENDERS": json.dumps(SENDERS),
    "TILLPOST_PEOPLE": json.dumps(PEOPLE),
    "TILLPOST_KEYED_HASH_SECRET": "a secret for keyed hashes",
    "D365_URL": "https://contoso.operations.dynamics.com/",
    "D365_ENVIRONMENT_ID": "environment",
    "D365_TENANT_ID": "tenant",
    "D365_DATA_PROJECT": "TILLPOST",
}
NEEDED = sorted(set(GOOD) - {"TILLPOST_STORAGE__clientId"})
START, ANCHOR = "2017-12-23T05:00:00+00:00", "2026-01-01T00:00:00+00:00"
CLOCK = {"TILLPOST_ENVIRONMENT": "simulation", "TILLPOST_CLOCK_START": START, "TILLPOST_CLOCK_ANCHOR": ANCHOR}


def refused(*words: str, **changes: str | None) -> None:
    """The settings with these changes are refused, in words that name the setting."""
    environ = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as error:
        read_settings(environ)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_good_settings_are_read_whole_with_their_defaults() -> None:
    settings = read_settings(GOOD)
    assert settings.environment == "production"
    assert settings.storage.connection_string == ""
    assert settings.storage.table_endpoint == "https://tillpost.table.core.windows.net"
    assert settings.storage.client_id == "an identity"
    assert settings.senders["east"].secrets == ("a secret of the east",)
    assert settings.senders["east"].stores == frozenset({"*"})
    assert (settings.people[0].name, settings.people[0].roles) == ("desk", frozenset({"finance"}))
    assert (settings.grace_minutes, settings.package_minutes) == (60, 15)
    assert (settings.tracking_minutes, settings.settle_seconds) == (15, 60)
    assert settings.clock.start is None
    assert settings.d365.url == "https://contoso.operations.dynamics.com"
    assert settings.d365.authority == "https://login.microsoftonline.com"
    assert settings.d365.client_secret == ""


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named(name: str, value: str | None) -> None:
    environ = {one: text for one, text in {**GOOD, name: value}.items() if text is not None}
    with pytest.raises(SettingsError, match=name):
        read_settings(environ)


def test_without_any_storage_the_connection_string_is_named() -> None:
    both = {"TILLPOST_STORAGE__tableServiceUri": None, "TILLPOST_STORAGE__queueServiceUri": None}
    refused("TILLPOST_STORAGE is not set", **both)


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_a_key_vault_reference_that_was_not_resolved_is_named(name: str) -> None:
    reference = "@Microsoft.KeyVault(SecretUri=https://vault.azure.net/secrets/x)"
    refused(name, "Key Vault", **{name: reference})


@pytest.mark.parametrize(
    "name",
    ["D365_URL", "D365_AUTHORITY", "TILLPOST_STORAGE__tableServiceUri", "TILLPOST_STORAGE__queueServiceUri"],
)
@pytest.mark.parametrize("address", ["http://contoso.com", "contoso.com", "ftp://contoso.com"])
def test_an_address_without_https_is_refused(name: str, address: str) -> None:
    refused(name, "https://", **{name: address})


def test_an_unknown_environment_is_refused_with_those_there_are() -> None:
    refused("TILLPOST_ENVIRONMENT", "simulation, test, production", TILLPOST_ENVIRONMENT="prod")


@pytest.mark.parametrize("environment", ["test", "production"])
@pytest.mark.parametrize(
    "name", ["TILLPOST_CLOCK_START", "TILLPOST_CLOCK_ANCHOR", "TILLPOST_CLOCK_SPEED", "D365_CA_FILE"]
)
def test_what_is_for_simulations_is_refused_elsewhere(environment: str, name: str) -> None:
    refused(name, environment, **{"TILLPOST_ENVIRONMENT": environment, name: START})


@pytest.mark.parametrize(
    "name",
    [
        "TILLPOST_GRACE_MINUTES",
        "TILLPOST_PACKAGE_MINUTES",
        "TILLPOST_TRACKING_MINUTES",
        "TILLPOST_SETTLE_SECONDS",
        "TILLPOST_SILENT_MINUTES",
        "TILLPOST_LATE_MINUTES",
        "TILLPOST_REFUND_WAIT_HOURS",
        "TILLPOST_EFFECT_HOURS",
        "TILLPOST_DUE_SHARDS",
    ],
)
@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "1e3", "100001", "9" * 5000])
def test_a_number_that_is_none_is_named(name: str, value: str) -> None:
    refused(name, "whole number", **{name: value})


def test_what_goes_to_d365_beside_sales_and_the_sign_of_taxes_are_the_careful_ones_unless_set() -> None:
    d365 = read_settings(GOOD).d365
    assert (d365.tax_sign, d365.cash_office, d365.tender_declarations) == ("as_net", "by_hand", "by_hand")
    assert d365.import_order == "lines_first"
    assert read_settings({**GOOD, "D365_IMPORT_ORDER": "header_first"}).d365.import_order == "header_first"
    changed = {
        "D365_TAX_SIGN": "as_pos",
        "D365_CASH_OFFICE": "packages",
        "D365_TENDER_DECLARATIONS": "Tender declarations",
    }
    d365 = read_settings({**GOOD, **changed}).d365
    assert (d365.tax_sign, d365.cash_office, d365.tender_declarations) == tuple(changed.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("D365_TAX_SIGN", "as_gross"), ("D365_CASH_OFFICE", "yes"), ("D365_TENDER_DECLARATIONS", "byhand"),
        ("D365_TENDER_DECLARATIONS", "T" * 81), ("D365_IMPORT_ORDER", "header_last"),
    ],
)  # fmt: skip
def test_a_switch_set_to_what_it_does_not_know_is_refused(name: str, value: str) -> None:
    refused(name, value[:10], "expected", **{name: value})


def test_a_client_secret_without_its_client_is_refused() -> None:
    refused("D365_CLIENT_ID", D365_CLIENT_SECRET="a secret of the client")


def test_a_short_secret_for_keyed_hashes_is_refused() -> None:
    refused("TILLPOST_KEYED_HASH_SECRET", "16", TILLPOST_KEYED_HASH_SECRET="too short")


@pytest.mark.parametrize(
    "change",
    [
        {"account": ""}, {"account": None}, {"account": 7}, {"secrets": None}, {"secrets": []},
        {"secrets": "a secret of the east"},
        {"secrets": ["fifteen letters"]}, {"secrets": ["a secret of the east", "short"]},
        {"secrets": ["a secret of the east"] * 3}, {"secrets": [1234567890123456]},
        {"stores": None}, {"stores": []}, {"stores": "S1"}, {"stores": [7]}, {"stores": [""]},
    ],
)  # fmt: skip
def test_a_sender_that_is_not_complete_is_refused(change: dict[str, Any]) -> None:
    refused("TILLPOST_SENDERS", TILLPOST_SENDERS=json.dumps([{**SENDERS[0], **change}]))


def test_a_short_secret_is_told_with_its_account_and_never_shown() -> None:
    environ = {**GOOD, "TILLPOST_SENDERS": json.dumps([{**SENDERS[0], "secrets": ["hush"]}])}
    with pytest.raises(SettingsError) as error:
        read_settings(environ)
    assert "east" in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("name", ["TILLPOST_SENDERS", "TILLPOST_PEOPLE"])
@pytest.mark.parametrize("value", ["{", "{}", "[1]", '"text"', "null", "[null]"])
def test_lists_that_are_none_are_refused(name: str, value: str) -> None:
    refused(name, **{name: value})


def test_an_account_or_a_key_that_is_there_twice_is_refused() -> None:
    refused("TILLPOST_SENDERS", "east", TILLPOST_SENDERS=json.dumps(SENDERS * 2))
    twice = [*PEOPLE, {**PEOPLE[0], "name": "another desk"}]
    refused("TILLPOST_PEOPLE", "same key", TILLPOST_PEOPLE=json.dumps(twice))


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": None}, {"name": 7}, {"roles": None}, {"roles": []}, {"roles": "finance"}, {"roles": ["king"]},
        {"roles": ["finance", "king"]}, {"roles": [["finance"]]}, {"key_sha256": ""}, {"key_sha256": None},
        {"key_sha256": "ab" * 31}, {"key_sha256": "zz" * 32}, {"key_sha256": "é" * 64},
    ],
)  # fmt: skip
def test_a_person_that_is_not_complete_is_refused(change: dict[str, Any]) -> None:
    refused("TILLPOST_PEOPLE", *ROLES, TILLPOST_PEOPLE=json.dumps([{**PEOPLE[0], **change}]))


def test_a_simulation_has_a_clock_of_its_own() -> None:
    clock = read_settings({**GOOD, **CLOCK, "TILLPOST_CLOCK_SPEED": "900"}).clock
    assert (clock.start, clock.speed) == (datetime(2017, 12, 23, 5, tzinfo=UTC), 900.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TILLPOST_CLOCK_START", ""), ("TILLPOST_CLOCK_START", "noon"), ("TILLPOST_CLOCK_START", "2017-12-23T05:00:00"),
        ("TILLPOST_CLOCK_ANCHOR", ""), ("TILLPOST_CLOCK_ANCHOR", "noon"), ("TILLPOST_CLOCK_ANCHOR", "2026-01-01T00:00:00"),
        ("TILLPOST_CLOCK_SPEED", "fast"), ("TILLPOST_CLOCK_SPEED", "0"), ("TILLPOST_CLOCK_SPEED", "-1"),
        ("TILLPOST_CLOCK_SPEED", "nan"), ("TILLPOST_CLOCK_SPEED", "inf"),
    ],
)  # fmt: skip
def test_a_clock_that_cannot_run_is_refused(name: str, value: str) -> None:
    refused("TILLPOST_CLOCK", **{**CLOCK, name: value})
