"""Retention: what is past its time goes, what is open, held, unsigned or in an open month stays, and twice is once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.errors import RejectedError, SettingsError
from shared.flows.erase_personal import Wanted, erase_personal
from shared.flows.let_go import let_go
from shared.flows.read_retention import read_retention
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.reverse_transaction import reverse_transaction
from shared.flows.sign_off import sign_off
from shared.flows.trace_receipt import trace_receipt
from shared.flows.verify_audit import verify_audit
from shared.retail.reasons import cause
from shared.retail.retention import last_day_gone
from shared.services import Services
from shared.settings_retention import RetentionSettings, read_retention_settings
from shared.storage.audit import audit_of
from shared.storage.causes import Member, cause_row, end_cause_rows, open_causes
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.keys import join_key
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row
from shared.storage.statements import statement_key, statement_text
from tests.contract.test_erasure import everything
from tests.unit.builders import DAY
from tests.unit.documents import sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.test_erase_personal import TEXT, arrive, personal, posted, row_of
from tests.unit.test_sign_off import CLOSED, OPENED, compiled, post_all, send

TEXTS_ONLY = RetentionSettings(texts_days=90, cashiers_days=0, documents_months=0, ended_days=0)


async def a_signed_day(hand: Hand, *, sign: bool = True, period: str = "2018-01-01/2018-12-31") -> Services:
    """Two sales, one with something of a person and both with their cashier; posted, proved, signed, December closed."""
    services = await flow_services(hand)
    await send(
        services, personal(1, shift="1", operator="0817"), sale_document(2, shift="1", operator="0817"),
        shift_document(3, "SHIFT_CLOSE", "1", OPENED, CLOSED, totals_of(2, "48.00", "40.00", "8.00", 1, 3)),
    )  # fmt: skip
    hand.turn(hours=14)
    await post_all(services)
    body = await compiled(hand, services)
    assert body["verdict"] == "proved"
    if sign:
        assert await sign_off(services, "S1", DAY, body["revision"], DESK, "seen") is not None
        hand.turn(minutes=5)
        await compiled(hand, services)
        hand.turn(minutes=5)
        await compiled(hand, services)
    rows = [{"legal_entity": "usrt", "there": "yes", "open": period}]
    await import_rows(services.tables.mappings, "d365_periods", rows, who="D365", reason="read", at=hand())
    await services.mappings.refresh()
    return services


def keeping(services: Services, settings: RetentionSettings) -> Services:
    return replace(services, settings=replace(services.settings, retention=settings))


async def statement_of(services: Services) -> str:
    row = await services.tables.statements.read("S1", statement_key("S1", DAY))
    assert row is not None
    return statement_text(row)


@pytest.mark.parametrize(
    ("today", "kept", "expected"),
    [
        (date(2018, 3, 24), {"days": 90}, date(2017, 12, 23)),  # the 91st day after the 23rd
        (date(2018, 3, 23), {"days": 90}, date(2017, 12, 22)),
        (date(2025, 1, 1), {"months": 84}, date(2017, 12, 31)),
        (date(2024, 12, 31), {"months": 84}, date(2017, 12, 30)),
        (
            date(2023, 3, 31),
            {"months": 1},
            date(2023, 2, 27),
        ),  # February has no 31st: its last day counts as one
        (date(2018, 3, 24), {}, None),
    ],
)
def test_a_day_is_past_its_time_when_all_of_it_has_gone_by(
    today: date, kept: dict[str, int], expected: date | None
) -> None:
    assert last_day_gone(today, **kept) == expected


def test_texts_go_when_their_time_is_past_and_not_a_day_before() -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await a_signed_day(hand), TEXTS_ONLY)
        statement = await statement_of(services)
        hand.at = datetime(2018, 3, 23, 23, 0, tzinfo=UTC)
        assert await let_go(services) == {}
        assert TEXT in await everything(services)
        hand.at = datetime(2018, 3, 24, 6, 0, tzinfo=UTC)
        assert await let_go(services) == {"TextsErased": 3}
        left = await everything(services)
        assert TEXT not in left
        row = await row_of(services)
        assert (row.text("Operator"), row.text("Total"), row.text("ErasedBy")) == (
            "0817",
            "24.00",
            "retention",
        )
        assert await statement_of(services) == statement
        report = await rebuild_storeday(services, "S1", DAY)
        assert report.findings == ()
        assert len([one for one in report.not_compared if "erased on 2018-03-24 by retention" in one]) == 3
        (trail,) = await trace_receipt(services, "S1", DAY, "T1")
        assert (trail["altered"], trail["erased"]["by"]) == ([], "retention")
        (entry,) = [
            one async for one in audit_of(services.tables.audit, "S1") if one.text("Who") == "retention"
        ]
        assert entry.text("Did") == "erased personal data of 3 receipts of 2017-12-23"
        assert all(one.broken is None for one in await verify_audit(services))

        hand.turn(hours=7)
        before = await everything(services)
        assert await let_go(services) == {}
        assert [one for one in changed(before, await everything(services)) if "retention~" not in one] == []
        assert await arrive(services, personal(1, shift="1", operator="0817")) == ["duplicate"]
        assert await arrive(services, personal(1, "for Beatrix", shift="1", operator="0817")) == ["duplicate"]
        assert await arrive(services, personal(1, "for Beatrix", shift="1", receipt_number="x")) == [
            "conflict"
        ]
        left = await everything(services)
        assert TEXT not in left
        assert "Beatrix" not in left

    run(story())


def changed(before: str, after: str) -> list[str]:
    return sorted(set(after.split("\n")) ^ set(before.split("\n")))


def test_cashiers_and_documents_go_after_their_own_time_and_the_figures_stay() -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await a_signed_day(hand), RetentionSettings(90, 120, 6, 0))
        statement = await statement_of(services)
        hand.at = datetime(2018, 4, 1, tzinfo=UTC)
        assert await let_go(services) == {"TextsErased": 3}
        hand.at = datetime(2018, 5, 1, tzinfo=UTC)
        assert await let_go(services) == {"CashiersErased": 3}
        left = (await everything(services)).split("\n")
        assert [one for one in left if "0817" in one and not one.startswith("stores used ")] == []
        hand.at = datetime(2018, 6, 23, tzinfo=UTC)
        assert await let_go(services) == {}
        hand.at = datetime(2018, 6, 24, tzinfo=UTC)
        assert await let_go(services) == {"DocumentsGone": 3}
        row = await row_of(services)
        assert (row.text("Status"), row.text("Total"), "Document" in row.values) == ("posted", "24.00", False)
        assert row.text("DocumentSha256")
        assert await statement_of(services) == statement
        report = await rebuild_storeday(services, "S1", DAY)
        assert report.findings == ()
        assert len([one for one in report.not_compared if "let go on 2018-06-24 by retention" in one]) == 3
        (trail,) = await trace_receipt(services, "S1", DAY, "T1")
        assert (trail["altered"], trail["document"]["let_go_at"]) == ([], "2018-06-24T00:00:00+00:00")
        told = await erase_personal(
            services, DESK, "request 1", [Wanted("S1", "east", "T1")], operator=True, check=False
        )
        assert told["receipts"][0]["outcome"] in ("erased", "nothing left to erase")
        with pytest.raises(RejectedError, match="read"):
            await reverse_transaction(services, "S1", "east", "T1", DESK, "late", with_replacement=False)
        shown = await read_retention(services)
        assert shown["through"] == {
            "texts": "2018-03-25",
            "cashiers": "2018-02-23",
            "documents": "2017-12-23",
        }
        assert shown["gone"] == {
            "receipts_erased": 3, "cashiers_erased": 3, "documents_gone": 3, "ended_causes_gone": 0,
            "histories_gone": 0, "alerts_gone": 0,
        }  # fmt: skip

    run(story())


def test_what_comes_to_a_day_that_retention_is_through_with_goes_when_that_day_is_signed_again() -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await a_signed_day(hand), TEXTS_ONLY)
        hand.turn(hours=24 * 100)
        assert await let_go(services) == {"TextsErased": 3}
        assert await arrive(services, personal(4, text="engraved for Beatrix", shift="1")) == ["accepted"]
        await posted(services, "T4")
        await due_again(services)
        await compiled(hand, services)
        hand.turn(hours=24)
        assert await let_go(services) == {}
        (left,) = (await read_retention(services))["left"]
        assert (left["what"], left["store"], left["business_day"]) == ("texts", "S1", "2017-12-23")
        key = join_key("usrt", "2017-12-23")
        row = await services.tables.storedays.read(key, join_key("usrt", "2017-12-23", "S1"))
        assert row is not None
        await services.tables.storedays.upsert(row.with_values(Supplement=0, SignedBy=DESK.name))
        hand.turn(hours=24)
        assert await let_go(services) == {"TextsErased": 1}
        assert "Beatrix" not in await everything(services)
        assert (await read_retention(services))["left"] == []
        assert (await row_of(services, "T4")).text("Total") == "24.00"

    run(story())


def test_what_came_of_no_known_store_goes_when_it_has_come_to_its_end() -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await a_signed_day(hand), RetentionSettings(90, 0, 3, 0))
        assert await arrive(services, personal(4, text="engraved for Beatrix", store="S9")) == ["held"]
        hand.turn(hours=24 * 200)
        assert await let_go(services) == {"TextsErased": 3, "DocumentsGone": 3}
        left = (await read_retention(services))["left"]
        assert {(one["store"], one["why"]) for one in left} == {
            ("unknown", "receipts that are held or on their way")
        }
        assert "Beatrix" in await everything(services)
        (row,) = [
            one async for one in services.tables.transactions.query("unknown") if "Status" in one.values
        ]
        await services.tables.transactions.replace(row.with_values(Status="written off"), row.etag)
        hand.turn(hours=24)
        assert await let_go(services) == {"DocumentsGone": 1}
        assert "Beatrix" not in await everything(services)
        assert (await read_retention(services))["left"] == []
        assert all(one.broken is None for one in await verify_audit(services))

    run(story())


async def held(services: Services) -> None:
    row = await row_of(services, "T2")
    await services.tables.transactions.replace(row.with_values(Status="held"), row.etag)


async def due_again(services: Services) -> None:
    await note_due(services.tables.due, [Due(STATEMENT, "S1", DAY, services.now())])


async def supplemented(services: Services) -> None:
    key = join_key("usrt", "2017-12-23")
    row = await services.tables.storedays.read(key, join_key("usrt", "2017-12-23", "S1"))
    assert row is not None
    await services.tables.storedays.upsert(row.with_values(Supplement=1))


async def nothing(_: Services) -> None:
    return


@pytest.mark.parametrize(
    ("spoil", "how", "why"),
    [
        (held, {}, "receipts that are held or on their way"),
        (due_again, {}, "its statement is due to be compiled again"),
        (nothing, {"sign": False}, "its statement is not signed"),
        (supplemented, {}, "a supplement is not signed"),
        (
            nothing,
            {"period": "2017-12-01/2018-12-31"},
            "its period is not closed in D365, or not known to be",
        ),
    ],
)
def test_what_is_not_at_its_end_stays_whole_and_says_why(spoil: Any, how: dict[str, Any], why: str) -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await a_signed_day(hand, **how), RetentionSettings(90, 90, 3, 0))
        await spoil(services)
        kept = await everything(services)
        hand.at = datetime(2018, 6, 1, tzinfo=UTC)
        assert await let_go(services) == {}
        assert [one for one in changed(kept, await everything(services)) if "retention" not in one] == []
        left = (await read_retention(services))["left"]
        assert [(one["what"], one["store"], one["business_day"], one["why"]) for one in left] == [
            (stage, "S1", "2017-12-23", why) for stage in ("cashiers", "documents", "texts")
        ]

    run(story())


def test_what_had_to_be_left_goes_when_it_has_come_to_its_end() -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await a_signed_day(hand), TEXTS_ONLY)
        await held(services)
        hand.at = datetime(2018, 6, 1, tzinfo=UTC)
        assert await let_go(services) == {}
        row = await row_of(services, "T2")
        await services.tables.transactions.replace(row.with_values(Status="posted"), row.etag)
        hand.turn(hours=7)
        assert await let_go(services) == {}  # looked at less than a day ago
        hand.turn(hours=24)
        assert await let_go(services) == {"TextsErased": 3}
        assert (await read_retention(services))["left"] == []

    run(story())


class DiedError(BaseException):
    """The process went away."""


def test_a_death_at_any_write_leaves_the_rest_to_the_next_turn() -> None:
    async def story(death: int) -> bool:
        hand, writes = Hand(), {"seen": -1}
        services = keeping(await a_signed_day(hand), RetentionSettings(90, 90, 3, 0))

        async def hook(kind: str, _: str) -> None:
            if kind not in ("read", "query") and writes["seen"] >= 0:
                writes["seen"] += 1
                if writes["seen"] == death:
                    raise DiedError

        for name in ("transactions", "audit", "packages"):
            table: Any = getattr(services.tables, name)
            table.before_effect = hook
        hand.at = datetime(2018, 6, 1, tzinfo=UTC)
        writes["seen"] = 0
        died = False
        try:
            await let_go(services)
        except DiedError:
            died = True
        writes["seen"] = -1
        hand.turn(minutes=11)
        await let_go(services)
        row = await row_of(services)
        assert (row.text("Operator"), "Document" in row.values, row.text("Total")) == ("", False, "24.00")
        assert all(one.broken is None for one in await verify_audit(services))
        assert (await rebuild_storeday(services, "S1", DAY)).findings == ()
        return died

    deaths = 0
    while run(story(deaths + 1)):
        deaths += 1
    assert deaths == 8  # the turn taken, a decision and a group for each of three stages, how far it has come


def test_two_workers_take_one_turn_and_a_failing_store_day_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await a_signed_day(hand), TEXTS_ONLY)
        table = services.tables.storedays
        row = await table.read(join_key("usrt", "2017-12-23"), join_key("usrt", "2017-12-23", "S1"))
        assert row is not None
        broken = Row(
            row.partition, join_key("usrt", "2017-12-23", "A"), {**row.values, "Store": "A", "SignedBy": 5}
        )
        await table.insert(broken)
        hand.at = datetime(2018, 6, 1, tzinfo=UTC)
        with pytest.raises(TypeError, match="SignedBy"):
            await let_go(services)
        assert TEXT not in await everything(services)
        assert [one["why"] for one in (await read_retention(services))["left"]] == [
            "the app fails at it (IT has been told)"
        ]
        assert await let_go(replace(services)) == {}  # the turn is taken

    run(story())


def test_between_turns_a_beat_costs_one_read_and_then_none() -> None:
    async def story() -> None:
        hand, calls = Hand(), list[str]()
        services = keeping(await a_signed_day(hand), TEXTS_ONLY)

        async def count(kind: str, name: str) -> None:
            calls.append(f"{kind} {name}")

        await let_go(services)
        for name in ("transactions", "packages", "causes", "storedays", "alerts", "tasks", "audit", "due"):
            table: Any = getattr(services.tables, name)
            table.before_effect = count
        for _ in range(3):
            hand.turn(minutes=2)
            await let_go(services)
        assert calls == ["read packages"]

    run(story())


def test_causes_and_alerts_that_ended_long_ago_go_and_open_ones_stay() -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await flow_services(hand), RetentionSettings(0, 0, 0, 90))
        tables = services.tables
        names = ("open", "young", "old")
        rows = {
            one: cause_row(cause("tender_unmapped", one), Member("receipt", "S1", one), hand())
            for one in names
        }
        answered = cause_row(cause("content_conflict", "S1"), Member("till", "S1", "till 1"), hand())
        await open_causes(tables.causes, [*rows.values(), answered])

        async def end(*some: Row) -> None:
            there = [await tables.causes.read(one.partition, one.key) for one in some]
            await end_cause_rows(tables.causes, [one for one in there if one is not None], hand(), "mapped")

        await end(rows["old"], answered)
        await tables.alerts.insert(Row("done~2017-12", "a", {"Alert": "a", "EndedAt": hand()}))
        await tables.alerts.insert(Row("waiting", "b", {"Alert": "b", "At": hand()}))
        for name, active in (("old", False), ("open", True)):
            head = {"Record": "head", "Fingerprint": name, "Active": active, "EndedAt": hand()}
            await tables.tasks.insert(Row("causes", f"head~{name}", head))
            await tables.tasks.insert(
                Row("causes", f"entry~{name}~000001", {"Record": "entry", "Fingerprint": name})
            )
        hand.turn(days=60)
        await end(rows["young"])
        hand.turn(days=31)
        assert await let_go(services) == {"AlertsGone": 1, "CausesGone": 1, "HistoriesGone": 2}
        assert {one.text("Value") for one in [row async for row in tables.causes.query()]} == {
            "open",
            "young",
            "S1",
        }
        assert [row.key async for row in tables.alerts.query()] == ["b"]
        assert [row.key async for row in tables.tasks.query()] == ["entry~open~000001", "head~open"]
        hand.turn(hours=7)
        assert await let_go(services) == {}

    run(story())


def test_settings_say_for_ever_or_at_least_a_month() -> None:
    assert read_retention_settings({}) == RetentionSettings(400, 0, 0, 400)
    assert read_retention_settings({"TILLPOST_KEEP_TEXTS_DAYS": "0"}).texts_days == 0
    assert read_retention_settings({"TILLPOST_KEEP_DOCUMENTS_MONTHS": "84"}).documents_months == 84
    for name, wrong in (
        ("TEXTS_DAYS", "29"),
        ("DOCUMENTS_MONTHS", "-1"),
        ("ENDED_DAYS", "a year"),
        ("CASHIERS_DAYS", "９０"),
    ):
        with pytest.raises(SettingsError, match=f"TILLPOST_KEEP_{name}"):
            read_retention_settings({f"TILLPOST_KEEP_{name}": wrong})


def test_a_backlog_is_worked_off_in_bounded_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        hand = Hand()
        services = keeping(await flow_services(hand), TEXTS_ONLY)
        for number in range(700):
            day = (date(2015, 1, 1) + timedelta(days=number)).isoformat()
            values = {"Store": "S1", "BusinessDay": day, "SignedBy": "x", "Supplement": 0}
            await services.tables.storedays.insert(Row(f"usrt~{day}", f"usrt~{day}~S1", values))
        reached = []
        for _ in range(3):
            await let_go(services)
            reached.append((await read_retention(services))["through"]["texts"])
            hand.turn(minutes=11)
        assert reached == ["2015-10-27", "2016-08-22", "2017-09-23"]  # 300 store-days, 300 more, the rest

    run(story())
