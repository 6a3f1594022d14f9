"""A cause over real HTTP: kept by the app's own timer, given to somebody, noted, set aside; who may; alerts that wait."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.door import Door, opened
from tests.unit.documents import sale_document

WAIT_SECONDS_MAX = 40.0
NOBODY_THERE = "https://127.0.0.1:1/alerts"
SECRET = "a secret of nobody's"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """An app that looks every two seconds, with one receipt held, and a channel at whose other end is nobody."""
    channel = {"name": "nobody", "kind": "webhook", "owners": ["*"], "url": NOBODY_THERE, "secrets": [SECRET]}
    settings = {
        "TILLPOST_HEARTBEAT_SCHEDULE": "*/2 * * * * *", "TILLPOST_ALERT_CHANNELS": json.dumps([channel]),
        "TILLPOST_HIGH_VALUE": "20",
    }  # fmt: skip
    with opened(tmp_path_factory.mktemp("causes"), **settings) as found:
        assert found.send(sale_document(1)).status_code == 202
        yield found


def wait_for(look: Callable[[], Any]) -> Any:
    """Look until there is something."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.2)
    return found


def the_cause(door: Door, code: str) -> dict[str, Any] | None:
    causes = door.desk("reader", "GET", "/api/causes").json()["causes"]
    return next((one for one in causes if one["code"] == code and one["phase"]), None)


def test_a_cause_is_looked_at_given_noted_set_aside_and_taken_up(door: Door) -> None:
    found = wait_for(lambda: the_cause(door, "item_unmapped"))
    assert (found["phase"], found["owner"], found["urgency"]) == ("new", "retail_systems", "high")
    assert found["stock"]["words"] == "Stock in D365 is overstated by 2 units sold and held"
    assert found["runbook"] == "docs/handover/runbooks/item_unmapped.md"
    path = f"/api/causes/{found['fingerprint']}"
    given = {"to": "retail systems desk", "reason": "they know the items"}
    assert door.desk("reader", "POST", f"{path}/assign", json=given).status_code == 403
    assert door.desk("finance", "POST", f"{path}/assign", json=given | {"to": "nobody"}).status_code == 422
    assert door.desk("finance", "POST", f"{path}/assign", json={"to": "x"}).status_code == 422
    answered = door.desk("finance", "POST", f"{path}/assign", json=given).json()
    assert (answered["assigned_to"], answered["phase"]) == ("retail systems desk", "ongoing")
    note = {"note": "asked jo.doe@home.example about card 4111 1111 1111 1111"}
    noted = door.desk("it", "POST", f"{path}/notes", json=note).json()
    assert noted["history"][-1]["text"] == "note by it desk: asked [removed] about card [card removed]"
    until = (door.clock.now() + timedelta(days=1)).isoformat()
    aside = {"until": until, "reason": "the supplier answers tomorrow"}
    assert door.desk("finance", "POST", f"{path}/set_aside", json=aside).status_code == 403
    assert (
        door.desk("retail_systems", "POST", f"{path}/set_aside", json=aside | {"until": "soon"}).status_code
        == 422
    )
    answered = door.desk("retail_systems", "POST", f"{path}/set_aside", json=aside).json()
    assert (answered["phase"], answered["set_aside_by"]) == ("set aside", "retail systems desk")
    time.sleep(3)  # more than a beat
    assert door.desk("reader", "GET", path).json()["phase"] == "set aside"
    answered = door.desk("retail_systems", "POST", f"{path}/take_up", json={"reason": "they answered"}).json()
    assert answered["phase"] == "ongoing"
    again = door.desk("retail_systems", "POST", f"{path}/take_up", json={"reason": "twice"})
    assert again.status_code == 422
    assert door.desk("it", "POST", "/api/causes/no~such/notes", json={"note": "x"}).status_code == 404


def test_an_alert_that_reaches_nobody_waits_is_seen_and_leaks_nothing(door: Door) -> None:
    def tried() -> list[dict[str, Any]]:
        rows = door.desk("reader", "GET", "/api/alerts").json()["waiting"]
        return [row for row in rows if row["tries"] and row["words"]]

    (row, *_) = wait_for(tried)
    assert (row["channel"], row["outcome"], row["words"]) == (
        "nobody",
        "waiting",
        "no connection (ConnectError)",
    )
    assert door.desk("reader", "GET", "/api/alerts?month=2017-13").status_code == 422
    assert door.desk("reader", "GET", "/api/alerts?month=2017-11").json()["done"] == []
    assert SECRET not in door.log()
    assert "127.0.0.1:1/alerts" not in door.log()
    assert not [row for row in door.rows() if SECRET in row]
