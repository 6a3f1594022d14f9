"""A year of a chain: every store-day of the trading data through the statement compiler, beside the same sums by pyarrow.

The two share the file and nothing else: receipts are built and added one by one as exact decimals, their business day by
the store's zone and closing hour; pyarrow groups whole columns in whole cents, and finds the local day by its own time zones.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demo.journey import data_file
from shared.retail.business_day import business_day_of, closing_hour, day_ends_at, store_zone
from shared.retail.figures import Figures
from shared.retail.shift import Shift
from shared.retail.statement import ReceiptRecord, StoreDay, compile_store_day
from shared.retail.status import Status

ZONE, CURRENCY = "America/New_York", "USD"
COLUMNS = (
    "store_id",
    "basket_id",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "coupon_match_disc",
    "transaction_timestamp",
)
CENT = Decimal("0.01")
StoreDayKey = tuple[str, date]
Sums = tuple[int, int, int]  # receipts, sales in cents, discounts in cents


@dataclass(frozen=True, slots=True)
class Year:
    """Both computations of a year, and what they took. other_day: receipts whose UTC date is not their business day."""

    ours: Mapping[StoreDayKey, Sums]
    theirs: Mapping[StoreDayKey, Sums]
    verdicts: frozenset[str]
    receipts: int
    other_day: int
    read_seconds: float
    compile_seconds: float
    pyarrow_seconds: float


def whole_year() -> Year:
    """Compute the year twice."""
    table = pq.read_table(data_file(), columns=list(COLUMNS))
    begun = time.perf_counter()
    days, other_day = _receipts_by_store_day(table)
    read = time.perf_counter()
    ours: dict[StoreDayKey, Sums] = {}
    verdicts = set()
    for key, receipts in days.items():
        statement = compile_store_day(_store_day(*key, receipts))
        posted = statement.posted
        ours[key] = (posted.count, _cents(posted.sales), _cents(posted.discounts))
        verdicts.add(statement.verdict)
    compiled = time.perf_counter()
    theirs = dict(_by_pyarrow(table))
    ended = time.perf_counter()
    count = sum(len(receipts) for receipts in days.values())
    return Year(
        ours, theirs, frozenset(verdicts), count, other_day, read - begun, compiled - read, ended - compiled
    )


def _receipts_by_store_day(table: pa.Table) -> tuple[dict[StoreDayKey, list[ReceiptRecord]], int]:
    """Make a posted receipt of each basket, on its business day."""
    zone, closes = store_zone(ZONE), closing_hour("00:00")
    baskets: dict[tuple[str, str], list[int]] = {}
    at: dict[tuple[str, str], datetime] = {}
    columns = (table[name].to_pylist() for name in COLUMNS)
    for store, basket, sales, retail, coupon, match, stamp in zip(*columns, strict=True):
        key = (str(store), str(basket))
        sums = baskets.setdefault(key, [0, 0])
        sums[0] += round(sales * 100)
        sums[1] += round(retail * 100) + round(coupon * 100) + round(match * 100)
        at.setdefault(key, stamp)
    days: dict[StoreDayKey, list[ReceiptRecord]] = {}
    other_day = 0
    for (store, basket), (sales, discounts) in baskets.items():
        instant = at[store, basket].replace(tzinfo=UTC)
        day = business_day_of(instant, zone, closes)
        other_day += day != instant.date()
        days.setdefault((store, day), []).append(_receipt(basket, sales * CENT, discounts * CENT))
    return days, other_day


def _receipt(basket: str, sales: Decimal, discounts: Decimal) -> ReceiptRecord:
    figures = Figures(count=1, total=sales, sales=sales, discounts=discounts, tenders={"CASH": sales})
    return ReceiptRecord(
        label=basket, account="journey", transaction_id=basket, terminal="1", status=Status.POSTED, figures=figures,
        currency=CURRENCY,
    )  # fmt: skip


def _store_day(store: str, day: date, receipts: list[ReceiptRecord]) -> StoreDay:
    """The till says what it took, added up in whole cents apart from the receipts' own decimals."""
    taken = sum(_cents(one.figures.total) for one in receipts) * CENT
    discounts = sum(_cents(one.figures.discounts) for one in receipts) * CENT
    says = Figures(len(receipts), taken, sales=taken, discounts=discounts, tenders={"CASH": taken})
    ends_at = day_ends_at(day, store_zone(ZONE), closing_hour("00:00"))
    shift = Shift("1", "1", datetime.combine(day, datetime.min.time(), UTC), ends_at, pos_says=says)
    return StoreDay(store, "usrt", day, CURRENCY, ends_at, receipts, (shift,))


def _by_pyarrow(table: pa.Table) -> Iterator[tuple[StoreDayKey, Sums]]:
    """Group whole columns: by store and local day, whole cents, distinct baskets."""
    stamps = pc.assume_timezone(table["transaction_timestamp"].cast(pa.timestamp("us")), "UTC")
    local = pc.local_timestamp(stamps.cast(pa.timestamp("us", ZONE)))

    def cents(name: str) -> pa.ChunkedArray:
        return pc.cast(pc.round(pc.multiply(table[name], 100.0)), pa.int64())

    discounts = pc.add(pc.add(cents("retail_disc"), cents("coupon_disc")), cents("coupon_match_disc"))
    grouped = pa.table(
        {
            "store": table["store_id"].cast(pa.string()), "day": pc.cast(local, pa.date32(), safe=False),
            "basket": table["basket_id"], "sales": cents("sales_value"), "discounts": discounts,
        }
    ).group_by(["store", "day"])  # fmt: skip
    sums = grouped.aggregate([("basket", "count_distinct"), ("sales", "sum"), ("discounts", "sum")])
    for row in sums.to_pylist():
        yield (
            (row["store"], row["day"]),
            (row["basket_count_distinct"], row["sales_sum"], row["discounts_sum"]),
        )


def _cents(amount: Decimal) -> int:
    return int(amount * 100)


def year_of_statements() -> None:
    """Print what a year took, and whether both computations agree."""
    year = whole_year()
    differ = sum(year.ours.get(key) != year.theirs.get(key) for key in {*year.ours, *year.theirs})
    days = len({day for _, day in year.ours})
    sales = sum(one[1] for one in year.ours.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"a year: {year.receipts:,} receipts, {len(year.ours):,} store-days of {days} days, {sales / 100:,.2f} {CURRENCY}"
    )
    print(
        f"  {year.other_day:,} receipts ({year.other_day / year.receipts:.1%}) whose UTC date is not their business day; "
        f"{differ} store-days differ from pyarrow's sums"
    )
    print(
        f"  building receipts {year.read_seconds:.1f} s, compiling {year.compile_seconds:.1f} s, pyarrow's own sums "
        f"{year.pyarrow_seconds:.1f} s; peak memory of the run {peak:,.0f} MiB\n"
    )
