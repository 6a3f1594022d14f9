"""The settings of Entra ID: all or none of them, one tenant, and never a way of locking everybody out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import azure.functions as func
import pytest

from shared.errors import SettingsError
from shared.gate import TokenKeys
from shared.services import open_keys_of_tokens
from shared.settings import Settings, read_settings
from shared.triggers.answered import guarded
from tests.unit.gate_world import AUDIENCE, TENANT, TILLS
from tests.unit.test_settings import GOOD, PEOPLE, SENDERS

ENTRA = {"TILLPOST_TENANT_ID": TENANT, "TILLPOST_AUDIENCE": AUDIENCE}
OBJECT = "12121212-3434-5656-7878-909090909090"


def read(**more: str) -> Settings:
    return read_settings({**GOOD, **more})


def refused(*words: str, **more: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(**more)
    assert all(word in str(error.value) for word in words), error.value


def test_without_them_no_token_opens_and_nothing_is_fetched() -> None:
    settings = read()
    assert not settings.entra.is_on
    assert settings.entra.keys_of_people
    assert open_keys_of_tokens(settings) is None


def test_with_them_keys_come_from_the_tenants_own_address() -> None:
    settings = read(**ENTRA)
    assert settings.entra.keys_address == f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"
    assert settings.entra.issuers == {
        "1.0": f"https://sts.windows.net/{TENANT}/",
        "2.0": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    }

    async def opened() -> TokenKeys | None:
        return open_keys_of_tokens(settings)

    assert asyncio.run(opened()) is not None


def test_several_audiences_are_parted_by_blanks_or_commas() -> None:
    assert read(TILLPOST_TENANT_ID=TENANT.upper(), TILLPOST_AUDIENCE=f"{AUDIENCE}, api://{AUDIENCE}").entra.audiences == (
        AUDIENCE, f"api://{AUDIENCE}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (["TILLPOST_TENANT_ID", "TILLPOST_AUDIENCE"], {"TILLPOST_TENANT_ID": TENANT}),
        (["TILLPOST_TENANT_ID", "TILLPOST_AUDIENCE"], {"TILLPOST_AUDIENCE": AUDIENCE}),
        (["TILLPOST_TENANT_ID", "never common"], {**ENTRA, "TILLPOST_TENANT_ID": "common"}),
        (["TILLPOST_TENANT_ID"], {**ENTRA, "TILLPOST_TENANT_ID": "organizations"}),
        (["TILLPOST_TENANT_ID"], {**ENTRA, "TILLPOST_TENANT_ID": f"{TENANT}/../{TENANT}"}),
        (["TILLPOST_AUDIENCE"], {**ENTRA, "TILLPOST_AUDIENCE": "*"}),
        (["TILLPOST_AUDIENCE"], {**ENTRA, "TILLPOST_AUDIENCE": "a b c d e"}),
        (["TILLPOST_AUTHORITY"], {**ENTRA, "TILLPOST_AUTHORITY": "http://login.microsoftonline.com"}),
        (["TILLPOST_AUTHORITY"], {**ENTRA, "TILLPOST_AUTHORITY": "https://login.microsoftonline.com/common"}),
        (
            ["TILLPOST_AUTHORITY"],
            {**ENTRA, "TILLPOST_AUTHORITY": "https://login.microsoftonline.com@forger.test"},
        ),
        (["TILLPOST_AUTHORITY"], {**ENTRA, "TILLPOST_AUTHORITY": "https://"}),
        (["TILLPOST_KEYS_OF_PEOPLE", "on or off"], {**ENTRA, "TILLPOST_KEYS_OF_PEOPLE": "no"}),
        (["TILLPOST_KEYS_OF_PEOPLE", "nobody could come in"], {"TILLPOST_KEYS_OF_PEOPLE": "off"}),
        (["TILLPOST_FUNCTION_KEYS"], {"TILLPOST_FUNCTION_KEYS": "maybe"}),
    ],
)
def test_what_is_wrong_is_named_at_the_start(words: list[str], more: dict[str, str]) -> None:
    refused(*words, **more)


def test_keys_of_people_go_off_where_tokens_open() -> None:
    settings = read(**ENTRA, TILLPOST_KEYS_OF_PEOPLE="off", TILLPOST_PEOPLE="[]")
    assert (settings.entra.keys_of_people, settings.people) == (False, ())


def test_a_source_account_may_be_an_application_with_or_without_a_secret() -> None:
    rows = [{"account": "own", "applications": [TILLS.upper()], "stores": ["S1"]}, *SENDERS]
    senders = read(TILLPOST_SENDERS=json.dumps(rows)).senders
    assert (senders["own"].secrets, senders["own"].applications) == ((), frozenset({TILLS}))
    assert senders["east"].applications == frozenset()


@pytest.mark.parametrize(
    "rows",
    [
        [{"account": "own", "stores": ["S1"]}],
        [{"account": "own", "applications": [], "stores": ["S1"]}],
        [{"account": "own", "applications": ["tills"], "stores": ["S1"]}],
        [{"account": "own", "applications": [f"{TILLS} "], "stores": ["S1"]}],
        [{"account": "own", "applications": [TILLS], "stores": []}],
        [
            {
                "account": "own",
                "applications": [f"{n:08d}-0000-0000-0000-000000000000" for n in range(21)],
                "stores": ["*"],
            }
        ],
        [{"account": one, "applications": [TILLS], "stores": ["*"]} for one in ("own", "other")],
    ],
)
def test_an_application_is_one_client_id_of_one_account(rows: list[dict[str, Any]]) -> None:
    refused("TILLPOST_SENDERS", TILLPOST_SENDERS=json.dumps(rows))


def test_a_person_is_known_by_a_key_by_an_id_or_by_both_under_one_name() -> None:
    rows = [
        {**PEOPLE[0], "object_id": OBJECT.upper()},
        {"name": "auditor", "roles": ["reader"], "object_id": TILLS},
    ]
    desk, auditor = read(TILLPOST_PEOPLE=json.dumps(rows)).people
    assert (desk.name, desk.object_id, bool(desk.key_sha256)) == ("desk", OBJECT, True)
    assert (auditor.name, auditor.object_id, auditor.key_sha256) == ("auditor", TILLS, "")


@pytest.mark.parametrize(
    "rows",
    [
        [{"name": "desk", "roles": ["finance"]}],
        [{"name": "desk", "roles": ["finance"], "object_id": "desk"}],
        [{"name": "desk", "roles": ["finance"], "object_id": None}],
        [{"name": one, "roles": ["finance"], "object_id": OBJECT} for one in ("desk", "other")],
    ],
)
def test_an_id_is_one_of_entra_ids_and_belongs_to_one_person(rows: list[dict[str, Any]]) -> None:
    refused("TILLPOST_PEOPLE", TILLPOST_PEOPLE=json.dumps(rows))


def levels() -> dict[str, str]:
    blueprint = func.Blueprint()
    route = guarded(blueprint)

    async def handler(request: func.HttpRequest, *others: Any) -> func.HttpResponse:
        return func.HttpResponse()

    built = {}
    for method, path in (("POST", "transactions"), ("GET", "causes"), ("GET", "health"),
                         ("GET", "transactions/{store}/{account}/{transaction_id}")):  # fmt: skip
        one = route(path, methods=[method])(handler)._function
        built[path] = one.get_trigger().auth_level.value
    return built


def test_function_keys_are_a_fence_before_the_doors_of_machines_alone_and_only_when_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TILLPOST_FUNCTION_KEYS", raising=False)
    assert set(map(str.lower, levels().values())) == {"anonymous"}
    monkeypatch.setenv("TILLPOST_FUNCTION_KEYS", "on")
    found = {path: level.lower() for path, level in levels().items()}
    assert found.pop("transactions") == "function"
    assert set(found.values()) == {"anonymous"}
