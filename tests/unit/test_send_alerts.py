"""Alerts on their way: sent once, tried again for a day, never sent three times, one broken channel alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from shared.errors import RejectedError
from shared.flows.assign_cause import assign_cause
from shared.flows.keep_causes import keep_causes
from shared.flows.read_alerts import read_alerts
from shared.flows.send_alerts import TRIES_MAX, send_alerts
from shared.flows.telling.outbox import hand_on
from shared.retail.alert import Alert, Told, cause_alert
from shared.retail.cause_state import Telling
from shared.retail.mapping import MappingRow, Mappings
from shared.retail.reasons import cause
from shared.settings_alerts import Channel
from shared.storage.outbox import add_delivery
from shared.storage.tasks import active_heads, texts_of
from tests.unit.alerted import CARD, HOOK, POST, Desk, connect, desk
from tests.unit.flow_services import DESK, run

FAILING = cause("alerts_failing", "card", problem="x")
IT_HOOK = replace(HOOK, owners=frozenset({"it", "finance"}))
SPARE = Channel(
    "spare", "webhook", "https://spare.test/", frozenset({"*"}), HOOK.events, secrets=HOOK.secrets
)


def always(status: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, headers=headers)


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("nobody answered", request=request)


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


async def outcomes(one: Desk) -> dict[tuple[str, str], str]:
    found = await read_alerts(one.services, "2017-12")
    rows = [*found["waiting"], *found["done"]]
    return {(row["channel"], row["event"]): row["outcome"] for row in rows}


def test_an_alert_is_sent_once_and_its_outcome_is_kept() -> None:
    async def story() -> None:
        one = await desk((HOOK, CARD))
        await one.hold(3)
        await keep_causes(one.services)
        assert await outcomes(one) == {("hook", "new"): "waiting", ("card", "new"): "waiting"}
        assert await send_alerts(one.services) == 2
        for _ in range(3):
            assert await send_alerts(one.services) == 0
        assert len(one.receiver.got) == 2
        assert await outcomes(one) == {("hook", "new"): "delivered", ("card", "new"): "delivered"}
        (row, _) = (await read_alerts(one.services, "2017-12"))["done"]
        assert row["title"].startswith(
            "New: 3 receipts of 1 store, 30.00 USD: Receipts were paid with “KLARNA”"
        )
        assert row["ended_at"] == "2017-12-23T18:00:00+00:00"

    run(story())


def test_a_channel_that_does_not_answer_holds_up_no_other_and_becomes_a_cause_that_ends_by_itself() -> None:
    async def story() -> None:
        one = await desk((CARD, IT_HOOK))
        one.receiver.answers["flows.teams.test"] = unreachable
        await one.hold(3)
        await one.beat(minutes=2)  # the first try
        assert len(one.receiver.of("hook.test")) == 1
        await one.beat(minutes=2)  # the second
        await one.beat(minutes=4)  # the third: now it is told
        assert len(one.receiver.of("flows.teams.test")) == 3
        found = await one.the(FAILING)
        assert (found["state"], found["owner"]) == ("open", "it")
        assert (
            found["what_happened"]
            == "Alerts cannot be delivered through “card”: no connection (ConnectError)."
        )
        await one.beat(minutes=2)
        assert [body["owner"] for body in one.receiver.bodies()] == ["finance", "it"]
        del one.receiver.answers["flows.teams.test"]
        await one.beat(minutes=8)
        assert (await one.the(FAILING))["state"] == "ended"
        assert (await outcomes(one))["card", "new"] == "delivered"

    run(story())


def test_what_was_refused_is_tried_for_twenty_hours_and_then_given_up() -> None:
    async def story() -> None:
        one = await desk((CARD, IT_HOOK))
        one.receiver.answers["flows.teams.test"] = always(401)
        await one.hold(3)
        for _ in range(60 * 14):
            await one.beat(minutes=2)
        tries = len([1 for request in one.receiver.of("flows.teams.test") if b"~1" in request.content])
        assert tries == TRIES_MAX == 24
        found = await read_alerts(one.services, "2017-12")
        (row,) = (row for row in found["done"] if (row["channel"], row["event"]) == ("card", "new"))
        assert (row["outcome"], row["tries"], row["words"]) == ("given up", 24, "it refused (401)")
        assert (await one.the(FAILING))["state"] == "open"
        assert len(one.receiver.of("hook.test")) == 4  # the two causes, each new and then overdue

    run(story())


@pytest.mark.parametrize("answer", [lost, always(500)], ids=["no answer", "an error of theirs"])
def test_what_nobody_knows_of_is_sent_twice_at_most_under_one_id(
    answer: Callable[[httpx.Request], httpx.Response],
) -> None:
    async def story() -> None:
        one = await desk((HOOK,))
        one.receiver.answers["hook.test"] = answer
        await one.hold(3)
        for _ in range(30):
            await one.beat(minutes=2)
        mine = [body["id"] for body in one.receiver.bodies() if body["owner"] == "finance"]
        assert mine == ["tender_unmapped~0f1818555349a48f~1"] * 2
        (row,) = (
            row for row in (await read_alerts(one.services, "2017-12"))["done"] if row["owner"] == "finance"
        )
        assert (row["outcome"], row["tries"]) == ("not known", 2)
        assert row["words"] in ("no answer (ReadTimeout)", "it failed (500)")

    run(story())


def test_a_time_that_the_receiver_asks_for_is_waited() -> None:
    async def story() -> None:
        one = await desk((HOOK,))
        one.receiver.answers["hook.test"] = always(429, **{"Retry-After": "1200"})
        await one.hold(3)
        await one.beat(minutes=2)
        one.receiver.answers.clear()
        await one.beat(minutes=19)
        assert len(one.receiver.got) == 1
        await one.beat(minutes=1)
        assert len(one.receiver.got) == 2
        assert await outcomes(one) == {("hook", "new"): "delivered"}

    run(story())


def test_a_time_that_the_receiver_asks_for_holds_for_everything_that_is_due_there() -> None:
    async def story() -> None:
        one = await desk((HOOK, SPARE))
        one.receiver.answers["hook.test"] = always(429, **{"Retry-After": "1200"})
        for number in range(4):
            await one.hold(1, cause("tender_unmapped", f"T{number}"))
        for _ in range(10):
            await one.beat(minutes=2)
        assert (len(one.receiver.of("hook.test")), len(one.receiver.of("spare.test"))) == (1, 4)
        one.receiver.answers.clear()
        await one.beat(minutes=2)
        assert len(one.receiver.of("hook.test")) == 5

    run(story())


async def put_by(one: Desk, channel: str, number: int, of: str) -> None:
    """Write down so many alerts that wait for a channel."""
    for each in range(number):
        name = f"{of}~{each:04}"
        body = {"id": name, "title": "x", "lines": [], "causes": [], "more": 0}
        alert = Alert(name, "new", "finance", one.hand.at, passes=False, body=body)
        await add_delivery(one.services.tables.alerts, alert, channel, one.hand.at)


def test_a_time_that_the_receiver_asks_for_holds_for_more_than_one_beat_sends() -> None:
    async def story() -> None:
        one = await desk((HOOK,))
        one.receiver.answers["hook.test"] = always(429, **{"Retry-After": "1200"})
        await put_by(one, "hook", 25, "a")
        for _ in range(9):
            await one.beat(minutes=2)
        assert len(one.receiver.got) == 1

    run(story())


def test_what_piles_up_for_a_dead_channel_does_not_hide_what_another_is_to_be_sent() -> None:
    async def story() -> None:
        one = await desk((HOOK, SPARE))
        one.receiver.answers["hook.test"] = unreachable
        await put_by(one, "hook", 600, "a")
        await put_by(one, "spare", 1, "b")
        await send_alerts(one.services)
        assert len(one.receiver.of("spare.test")) == 1

    run(story())


def test_outages_go_before_what_has_waited_longer() -> None:
    async def story() -> None:
        one = await desk((HOOK,))
        one.receiver.answers["hook.test"] = unreachable
        await one.hold(1)
        await one.beat(minutes=2)
        await one.silence("S9", why=cause("store_silent", "S9", store="S9", since="noon"))
        one.receiver.answers.clear()
        await one.beat(minutes=2)
        assert [body["causes"][0]["code"] for body in one.receiver.bodies()] == [
            "tender_unmapped", "store_silent", "tender_unmapped",
        ]  # fmt: skip

    run(story())


def test_of_many_that_wait_for_a_dead_channel_one_is_tried_a_beat() -> None:
    async def story() -> None:
        one = await desk((HOOK,))
        one.receiver.answers["hook.test"] = unreachable
        for number in range(8):
            await one.hold(1, cause("tender_unmapped", f"T{number}"))
        await one.beat(minutes=2)
        assert len(one.receiver.got) == 1
        one.receiver.answers.clear()
        await one.beat(minutes=2)
        assert len({body["id"] for body in one.receiver.bodies()}) == 8

    run(story())


def test_a_worker_that_died_while_it_sent_may_have_sent_and_the_next_sends_once_more() -> None:
    async def story() -> None:
        one = await desk((HOOK,))

        def dies(request: httpx.Request) -> httpx.Response:
            raise WorkerDiedError

        one.receiver.answers["hook.test"] = dies
        await one.hold(3)
        await keep_causes(one.services)
        for _ in range(2):
            with pytest.raises(WorkerDiedError):
                await send_alerts(one.services)
            one.receiver.answers.clear()
            assert await send_alerts(one.services) == 0  # somebody may still be at it
            one.receiver.answers["hook.test"] = dies
            one.hand.turn(minutes=3)
        one.receiver.answers.clear()
        assert await send_alerts(one.services) == 0
        assert len(one.receiver.got) == 2
        assert await outcomes(one) == {("hook", "new"): "not known"}

    run(story())


class WorkerDiedError(BaseException):
    """The process is gone."""


def test_what_waits_for_a_channel_that_was_taken_out_of_the_settings_is_given_up() -> None:
    async def story() -> None:
        one = await desk((HOOK, SPARE))
        await one.hold(3)
        await keep_causes(one.services)
        alerts = replace(one.services.settings.alerts, channels=(SPARE,))
        one.services.settings = replace(one.services.settings, alerts=alerts)
        connect(one.services, one.receiver)
        assert await send_alerts(one.services) == 1
        assert await outcomes(one) == {("hook", "new"): "given up", ("spare", "new"): "delivered"}

    run(story())


def test_a_mail_a_card_and_a_webhook_of_one_alert_are_one_id() -> None:
    async def story() -> None:
        one = await desk((HOOK, CARD, replace(POST, owners=frozenset({"finance"}))))
        await one.hold(3)
        await one.beat(minutes=2)
        assert len(one.receiver.got) == 3
        assert all(b"tender_unmapped~0f1818555349a48f~1" in request.content for request in one.receiver.got)

    run(story())


def test_what_is_handed_on_again_after_it_was_delivered_goes_away_unsent() -> None:
    async def story() -> None:
        one = await desk((HOOK,))
        await one.hold(3)
        await keep_causes(one.services)
        (waiting,) = [row async for row in one.services.tables.alerts.query("waiting")]
        await send_alerts(one.services)
        await one.services.tables.alerts.insert(waiting)  # by a worker that had not heard of it
        assert await send_alerts(one.services) == 0
        assert [row async for row in one.services.tables.alerts.query("waiting")] == []
        assert len(one.receiver.got) == 1
        assert await outcomes(one) == {("hook", "new"): "delivered"}

    run(story())


def test_what_is_handed_on_again_while_it_waits_keeps_its_tries() -> None:
    async def story() -> None:
        one = await desk((HOOK,))
        one.receiver.answers["hook.test"] = always(400)
        await one.hold(3)
        await keep_causes(one.services)
        (kept,) = await active_heads(one.services.tables.tasks)
        await send_alerts(one.services)
        told = Told(kept.head, texts_of(kept.row), Telling("new", 1, one.hand.at))
        assert await hand_on(one.services, cause_alert(told, "", one.hand.at)) == 1
        (row,) = (await read_alerts(one.services, "2017-12"))["waiting"]
        assert (row["tries"], row["words"]) == (1, "it refused (400)")

    run(story())


class Known:
    """Mappings that are known, rows of kinds included that no import takes."""

    def __init__(self, mappings: Mappings) -> None:
        self._mappings = mappings

    async def at_least(self, version: int) -> Mappings:
        return self._mappings


@pytest.mark.parametrize("at_once", [1, 12], ids=["one cause", "many causes at once"])
def test_a_mail_goes_to_the_people_of_a_store_that_the_mail_itself_does_not_name(at_once: int) -> None:
    async def story() -> None:
        one = await desk((replace(POST, owners=frozenset({"finance"})),))
        before = await one.services.mappings.at_least(0)
        row = {"role": "finance", "store": "S99", "people": "Ann", "alerts_to": "ann@chain.test"}
        named: dict[tuple[str, ...], tuple[MappingRow, ...]] = {
            ("owners", "finance", "S99"): (MappingRow(row, 1),)
        }
        one.services.mappings = Known(Mappings(before.version, {**before.rows, **named}))  # type: ignore[assignment]
        for number in range(at_once):
            why = cause("tender_unmapped", f"T{number:02}")
            for store in range(10, 21):
                await one.hold(1, why, store=f"S{store}", amount=100 - number)
        await one.hold(1, cause("tender_unmapped", f"T{at_once - 1:02}"), store="S99", amount=1)
        await one.beat(minutes=2)
        (mail,) = [json.loads(request.content) for request in one.receiver.got]
        assert "S99" not in mail["content"]["plainText"]
        assert mail["recipients"]["to"] == [{"address": "ann@chain.test"}]

    run(story())


def test_a_mail_goes_to_whom_the_owners_mapping_names_for_the_store_and_else_to_the_settings() -> None:
    async def story() -> None:
        post = replace(POST, owners=frozenset({"finance"}))
        one = await desk((post,))
        await one.hold(1)
        await one.beat(minutes=2)
        rows = [
            {
                "role": "finance",
                "store": "*",
                "people": "Ann",
                "deputy": "",
                "alerts_to": "all@chain.test; no address",
            },
            {
                "role": "finance",
                "store": "S2",
                "people": "Bo",
                "deputy": "Cy",
                "alerts_to": "two@chain.test;three@chain.test",
            },
            {"role": "it", "store": "*", "people": "Di", "deputy": "", "alerts_to": "it@chain.test"},
        ]
        before = await one.services.mappings.at_least(0)
        named: dict[tuple[str, ...], tuple[MappingRow, ...]] = {
            ("owners", row["role"], row["store"]): (MappingRow(row, 1),) for row in rows
        }
        one.services.mappings = Known(Mappings(before.version, {**before.rows, **named}))  # type: ignore[assignment]
        await one.hold(1, cause("tender_unmapped", "B"))
        await one.beat(minutes=2)
        await one.hold(1, cause("tender_unmapped", "C"), store="S2")
        await one.beat(minutes=2)
        told = [json.loads(request.content)["recipients"]["to"] for request in one.receiver.got]
        assert told == [
            [{"address": "night.desk@chain.test"}],
            [{"address": "all@chain.test"}],
            [{"address": "two@chain.test"}, {"address": "three@chain.test"}],
        ]
        found = await one.the(cause("tender_unmapped", "C"))
        assert await assign_cause(one.services, found["fingerprint"], "Cy", DESK, "on the rota")
        with pytest.raises(RejectedError):
            await assign_cause(one.services, found["fingerprint"], "Di", DESK, "of another role")

    run(story())
