"""D365's ledger in the simulator, held against the books: per store, tender and tax code, to the cent.

Two views of it are read: headquarters' totals of each store-day, and the voucher lines themselves, which are added up
here again. Both must say what the books say without the receipts that never arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from demo.books import Account
from demo.chain import LEGAL_ENTITY, NEW_TENDERS, TAXES, TENDERS
from demo.prepare import Prepared
from demo.web import Headquarters

Json = dict[str, Any]
StoreDay = tuple[str, str]
ZERO = Decimal(0)
# How voucher lines are to be read: debits are positive, so what is sold or owed turns its sign, what is paid does not.
_TURNED = {"revenue": -1, "gift_card": -1, "tax": -1, "rounding": -1, "payment": 1}


async def read_ledger(headquarters: Headquarters) -> Json:
    """Read what headquarters has posted: its totals per store and day, and its voucher lines."""
    totals, vouchers = await headquarters.read("totals"), await headquarters.read("ledger")
    return {"totals": totals["totals"], "lines": vouchers["lines"]}


def compare_ledger(ledger: Json, prepared: Prepared) -> list[str]:
    """Give every difference between what is posted and the books without the lost receipts."""
    totals = {(str(one["StoreNumber"]), str(one["businessDate"])): _of_total(one) for one in ledger["totals"]}
    lines = _of_lines(ledger["lines"])
    wrong = [
        f"ledger: a posting for store {store} on {day} that the books do not know"
        for store, day in sorted({*totals, *lines} - set(prepared.storedays))
    ]
    for storeday in prepared.storedays:
        books = _of_books(prepared.expected(storeday, prepared.lost))
        name = f"store {storeday[0]} on {storeday[1]}"
        wrong += [f"ledger totals, {name}: {one}" for one in _differences(totals.get(storeday, {}), books)]
        booked = {key: amount for key, amount in books.items() if key not in _NOT_BOOKED}
        wrong += [f"ledger vouchers, {name}: {one}" for one in _differences(lines.get(storeday, {}), booked)]
    return wrong + _line_problems(ledger["lines"])


_NOT_BOOKED = frozenset(
    {"receipts", "discounts"}
)  # discounts only lessen sales; receipts are counted, not booked


def _of_books(account: Account) -> dict[str, Decimal]:
    """Put the books into D365's words: payment methods for tenders, D365's tax codes for the tills'."""
    methods = {code: one.method for code, one in {**TENDERS, **NEW_TENDERS}.items()}
    codes = {one.code: one.tax_code for one in TAXES}
    return {
        "receipts": Decimal(account.receipts),
        "sales": account.sales,
        "returns": account.returns,
        "gift cards": account.gift_cards_issued,
        "discounts": account.discounts,
        "rounding": account.rounding,
        **{f"payment method {methods[code]}": amount for code, amount in account.tenders.items()},
        **{f"tax code {codes[code]}": amount for code, amount in account.taxes.items()},
    }


def _of_total(total: Json) -> dict[str, Decimal]:
    return {
        "receipts": Decimal(total["transactions"]),
        "sales": Decimal(total["sales"]),
        "returns": Decimal(total["returns"]),
        "gift cards": Decimal(total["gift_cards"]),
        "discounts": Decimal(total["discounts"]),
        "rounding": Decimal(total["rounding"]),
        **{f"payment method {code}": Decimal(amount) for code, amount in total["payments"].items()},
        **{f"tax code {code}": Decimal(amount) for code, amount in total["tax"].items()},
    }


def _of_lines(lines: Sequence[Json]) -> dict[StoreDay, dict[str, Decimal]]:
    """Add voucher lines up by store-day and what they stand for, in the store's sign."""
    found: dict[StoreDay, dict[str, Decimal]] = {}
    for line in lines:
        kind = str(line["kind"])
        if kind not in _TURNED:
            continue
        own = found.setdefault((str(line["StoreNumber"]), str(line["businessDate"])), {})
        name = (
            _NAMES.get(kind) or f"{_PREFIXES[kind]} {line['code']}"
            if kind != "revenue"
            else str(line["code"])
        )
        own[name] = own.get(name, ZERO) + _TURNED[kind] * Decimal(line["amount"])
    return found


_NAMES = {"gift_card": "gift cards", "rounding": "rounding"}
_PREFIXES = {"payment": "payment method", "tax": "tax code"}


def _differences(ledger: Mapping[str, Decimal], books: Mapping[str, Decimal]) -> Iterable[str]:
    for name in sorted({*ledger, *books}):
        if ledger.get(name, ZERO) != books.get(name, ZERO):
            yield f"{name} {ledger.get(name, ZERO)}, the books hold {books.get(name, ZERO)}"


def _line_problems(lines: Sequence[Json]) -> list[str]:
    """Look at the voucher lines one by one: company, account of each payment method, nothing posted twice."""
    accounts = {one.method: one.ledger_account for one in (*TENDERS.values(), *NEW_TENDERS.values())}
    wrong = []
    for line in lines:
        where = f"voucher {line['voucher']}"
        if line["dataAreaId"] != LEGAL_ENTITY:
            wrong.append(f"{where}: in company {line['dataAreaId']}")
        if line["kind"] == "payment" and line["account"] != accounts.get(str(line["code"])):
            wrong.append(f"{where}: payment method {line['code']} on account {line['account']}")
        if line["double_posted"]:
            wrong.append(f"{where}: posted twice")
    return wrong
