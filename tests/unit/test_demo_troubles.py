"""The plan of troubles: each strikes where it can be told apart, and another seed moves it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import pytest

from demo.options import Options
from demo.prepare import Prepared, prepare
from demo.setup_data import d365_setup, mapping_files
from demo.trade import calls_of, calls_sent_twice
from demo.troubles import Plan
from demo.visits import touched_by_returns

DAY = date(2017, 12, 23)
SEEDS = (1, 7, 8, 23)


@cache
def prepared(seed: int = 7, stores: str | None = None) -> Prepared:
    return prepare(Options(days=(DAY,), seed=seed, stores=stores))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_trouble_finds_a_place_in_stores_of_its_own(seed: int) -> None:
    run = prepared(seed)
    plan, overlap = run.plan, run.plan.overlap
    assert plan.left_out == ()
    assert overlap is not None
    assert plan.warehouse_store is not None
    assert len(plan.lost_visits) == 3
    tender = {run.by_visit[one].store for one in plan.tender_visits}
    lost = {one.store for one in run.lost}
    late = {one.store for one in run.late}
    parts = [tender, lost, late, {overlap.store}, {plan.warehouse_store}]
    assert sum(len(one) for one in parts) == len(set().union(*parts))
    assert len(tender) == 3
    assert len(lost) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_no_trouble_touches_a_return_or_what_comes_back(seed: int) -> None:
    run = prepared(seed)
    plan, overlap = run.plan, run.plan.overlap
    assert overlap is not None
    planted = {*plan.tender_visits, *plan.lost_visits, str(plan.late_visit), *overlap.visits}
    assert not planted & touched_by_returns(run.visits)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_overlap_holds_at_least_one_receipt_of_the_old_shift(seed: int) -> None:
    run = prepared(seed)
    overlap = run.plan.overlap
    assert overlap is not None
    assert timedelta(minutes=20) <= overlap.closed_at - overlap.since <= timedelta(minutes=30)
    till = [one for one in run.messages if (one.store, one.terminal) == (overlap.store, overlap.terminal)]
    opened = next(one for one in till if one.kind == "SHIFT_OPEN" and one.shift == overlap.next_shift)
    closed = next(one for one in till if one.kind == "SHIFT_CLOSE" and one.shift == overlap.shift)
    assert (opened.at, closed.at) == (overlap.since, overlap.closed_at)
    within = {
        one.visit for one in till if one.shift == overlap.shift and one.visit and one.at >= overlap.since
    }
    assert within == set(overlap.visits)
    assert within


@pytest.mark.parametrize("seed", SEEDS)
def test_no_other_shifts_of_a_till_overlap(seed: int) -> None:
    run = prepared(seed)
    overlap = run.plan.overlap
    assert overlap is not None
    spans: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for one in run.messages:
        if one.kind == "SHIFT_CLOSE" and (one.store, one.terminal) != (overlap.store, overlap.terminal):
            record = one.document["shift_record"]
            spans.setdefault((one.store, one.terminal), []).append((record["opened_at"], record["closed_at"]))
    assert any(len(own) == 2 for own in spans.values())
    for own in spans.values():
        ordered = sorted(own)
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(ordered))


def test_another_seed_moves_every_trouble() -> None:
    one, other = prepared(7).plan, prepared(8).plan
    assert one.lost_visits != other.lost_visits
    assert one.tender_visits != other.tender_visits
    assert one.warehouse_store != other.warehouse_store
    assert one.late_visit != other.late_visit
    assert one.overlap != other.overlap
    assert one.throttled != other.throttled


def test_a_clean_day_has_no_troubles_and_the_same_sales() -> None:
    clean = prepare(Options(days=(DAY,), seed=7, clean=True))
    assert clean.plan == Plan()
    assert clean.in_time == clean.messages
    troubled = prepared(7).books.chain()
    assert (clean.books.chain().sales, clean.books.chain().returns) == (troubled.sales, troubled.returns)


def test_one_store_trades_and_says_what_found_no_place() -> None:
    run = prepared(7, "1")
    assert len({one.store for one in run.messages}) == 1
    assert run.plan.warehouse_store is None
    assert "a store without a warehouse" in run.plan.left_out


def test_what_is_lost_or_late_is_not_sent_in_time_but_counted_by_the_till() -> None:
    run = prepared()
    sent = {one.name for one in run.in_time}
    assert not sent & {one.name for one in (*run.lost, *run.late)}
    assert len(run.in_time) == len(run.messages) - 4
    closings = [
        one.document["shift_record"]["totals"]["transactions"]
        for one in run.in_time
        if one.kind == "SHIFT_CLOSE"
    ]
    assert sum(closings) == sum(1 for one in run.messages if one.visit)


def test_every_transaction_is_sent_once_in_order_within_a_quarter_of_an_hour() -> None:
    run = prepared()
    calls = calls_of(run.in_time)
    sent = [one.name for call in calls for one in call.messages]
    assert sorted(sent) == sorted(one.name for one in run.in_time)
    for call in calls:
        assert len(call.messages) <= 100
        assert {one.store for one in call.messages} == {call.store}
        assert all(timedelta() < call.at - one.at <= timedelta(minutes=15) for one in call.messages)


def test_some_calls_are_sent_twice_with_the_same_content() -> None:
    calls = calls_of(prepared().in_time)
    twice = calls_sent_twice(calls, 7)
    assert 0 < len(twice) < len(calls) / 10
    assert all(any(one.messages == call.messages for call in calls) for one in twice)


def test_the_store_without_a_warehouse_has_one_in_d365() -> None:
    run = prepared()
    store = run.plan.warehouse_store
    row = next(
        one for one in _rows(mapping_files(run.visits, run.messages, store)["stores"]) if one[0] == store
    )
    assert row[5] == ""
    setup = d365_setup(run.visits, run.messages, run.plan.tender)
    assert next(one["WarehouseId"] for one in setup["stores"] if one["StoreNumber"] == store) == f"W{store}"


def test_the_new_tender_is_known_to_d365_but_not_mapped() -> None:
    run = prepared()
    tenders = {row[1] for row in _rows(mapping_files(run.visits, run.messages, None)["tenders"])}
    assert run.plan.tender not in tenders
    setup = d365_setup(run.visits, run.messages, run.plan.tender)
    assert {one["PaymentMethodNumber"] for one in setup["tender_types"]} == {
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
    }
    assert all(one["LedgerDimensionDisplayValue"] for one in setup["tender_types"])


def _rows(text: str) -> list[list[str]]:
    return [line.split(",") for line in text.splitlines()[1:]]
