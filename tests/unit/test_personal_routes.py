"""The routes of personal data as they are called: who may, what they take, and what they answer."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest

from shared import services as services_module
from shared.services import Services
from shared.settings import Person
from shared.triggers import personal
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.test_erase_personal import TEXT, WHY, arrive, posted
from tests.unit.test_erase_personal import personal as personal_sale

IT = Person("it desk", frozenset({"it", "reader"}), hashlib.sha256(b"it").hexdigest())
RECEIPT = {"store": "S1", "account": "east", "transaction_id": "T1"}
GOOD = {"reason": WHY, "receipts": [RECEIPT]}
FIND = {"account": "east", "texts": ["T1"], "from": "2017-12-23", "to": "2017-12-24"}


async def world() -> Services:
    services = await flow_services(Hand())
    services = replace(services, settings=replace(services.settings, people=(DESK, IT)))

    async def give() -> Services:
        return services

    services_module._opening[id(asyncio.get_running_loop())] = asyncio.ensure_future(give())
    await arrive(services, personal_sale())
    await posted(services)
    return services


async def call(
    builder: Any, body: Any, *, key: str = "key", method: str = "POST", **params: str
) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = func.HttpRequest(
        method=method, url="https://app.test/api/personal-data", headers={"Authorization": f"Bearer {key}"},
        params=params, route_params={}, body=content,
    )  # fmt: skip
    answer = await builder._function.get_user_function()(request)
    return answer.status_code, json.loads(answer.get_body())


def test_finance_finds_looks_and_erases_and_it_may_only_find() -> None:
    async def story() -> None:
        await world()
        status, found = await call(personal.personal_data_asked_for, FIND, key="it")
        assert status == 200
        assert found["receipts"][0]["kept"] == {"lines[0].description": TEXT}
        assert (await call(personal.erasure_asked_for, GOOD, key="it"))[0] == 403
        assert (await call(personal.erasure_asked_for, GOOD, key="nobody's"))[0] == 401
        status, told = await call(personal.erasure_asked_for, GOOD, check="true")
        assert (status, told["check"], told["receipts"][0]["outcome"]) == (200, True, "would be erased")
        status, told = await call(personal.erasure_asked_for, GOOD)
        assert (status, told["check"], told["receipts"][0]["outcome"]) == (200, False, "erased")
        _, found = await call(personal.personal_data_asked_for, FIND)
        assert (found["receipts"][0]["kept"], found["receipts"][0]["erased_by"]) == ({}, DESK.name)
        status, told = await call(personal.retention_asked_for, b"", method="GET", key="it")
        assert (status, told["keeps"]["texts_days"], told["left"]) == (200, 400, [])

    run(story())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"receipts": []}, "receipts"),
        ({"receipts": [RECEIPT] * 21}, "receipts"),
        ({"receipts": "T1"}, "receipts"),
        ({"receipts": [{**RECEIPT, "store": "S1#"}]}, "receipts[0].store"),
        ({"receipts": [{"store": "S1", "account": "east"}]}, "receipts[0].transaction_id"),
        ({"receipts": [{**RECEIPT, "account": "x" * 201}]}, "receipts[0].account"),
        ({"receipts": [7]}, "receipts[0]"),
        ({"operator": "yes"}, "operator"),
        ({"reason": " "}, "reason"),
    ],
)
def test_what_is_wrongly_asked_is_refused_by_its_place(change: dict[str, Any], field: str) -> None:
    async def story() -> None:
        await world()
        status, problem = await call(personal.erasure_asked_for, {**GOOD, **change})
        assert (status, problem["field"]) == (422, field)

    run(story())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"texts": []}, "texts"),
        ({"texts": ["x"] * 11}, "texts"),
        ({"texts": [""]}, "texts[0]"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2017-12-22"}, "to"),
        ({"to": "2020-12-22"}, "to"),
        ({"stores": ["S/1"]}, "stores[0]"),
        ({"account": 5}, "account"),
    ],
)
def test_a_search_that_is_wrongly_asked_is_refused_by_its_place(change: dict[str, Any], field: str) -> None:
    async def story() -> None:
        await world()
        status, problem = await call(personal.personal_data_asked_for, {**FIND, **change})
        assert (status, problem["field"]) == (422, field)

    run(story())
