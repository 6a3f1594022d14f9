"""A posting world whose ledger accounts are named, and what its books and its tills come to, in whole cents by account.

The tills' side is written by hand with each document; the books' side is the simulator's ledger: none of it is the app's sums.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared.flows.read_reference import read_reference
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import sale_document

ROUNDED = "618900"
ACCOUNTS = (
    ("sales", "*", "401100"), ("returns", "*", "401100"), ("tax", "V20", "222100-V20"), ("gift_cards", "*", "250600"),
    ("rounding", "*", ROUNDED),
)  # fmt: skip
CUSTOMERS = "130100"  # what invoices debit and payments credit: nothing in the end
Cents = dict[str, int]
# By hand, debit positive: two items of 10.00 with 20 % tax, in cash; one item coming back; 20.00 taken out for a window.
SALE: Cents = {"110110": 2400, "401100": -2000, "222100-V20": -400}
RETURN: Cents = {"110110": -1200, "401100": 1000, "222100-V20": 200}
PAID_OUT: Cents = {"110110": -2000, "EXP1": 2000}


@asynccontextmanager
async def month_end_world(folder: Path, *, named: bool = True) -> AsyncIterator[PostingWorld]:
    """Open a world with D365's accounts read, and, if `named`, those of revenue and tax named by finance."""
    async with posting_world(folder) as world:
        store = SETUP["stores"][0] | {"RoundingAccountLedgerDimensionDisplayValue": ROUNDED}
        await world.sim("setup", SETUP | {"stores": [store]})
        if named:
            await world.map_also(
                "ledger_accounts",
                *(
                    {"legal_entity": "usrt", "what": what, "code": code, "account": one}
                    for what, code, one in ACCOUNTS
                ),
            )
        await read_reference(world.services)
        yield world


def return_document(number: int, **changes: Any) -> dict[str, Any]:
    """One item of 10.00 with 20 % tax comes back, 12.00 in cash."""
    (line,) = sale_document(number)["lines"]
    taxes = [line["taxes"][0] | {"base": "-10.00", "amount": "-2.00"}]
    back = line | {"quantity": "-1", "gross": "-10.00", "net": "-10.00", "taxes": taxes}
    tender = {
        "tender_number": 1, "type": "CASH", "code": "CASH", "role": "REFUND", "amount": "-12.00", "status": "CAPTURED",
    }  # fmt: skip
    return sale_document(number, lines=[back], tenders=[tender], **changes)


def paid_out_document(number: int) -> dict[str, Any]:
    """20.00 in cash go out to have a window cleaned."""
    document = sale_document(number, kind="PAID_OUT", tenders=[], lines=[])
    return document | {"cash_movement": {"tender": "CASH", "amount": "-20.00", "reason_code": "WINDOW"}}


def added(*some: Cents) -> Cents:
    """Add whole cents up by account; what comes to nothing goes."""
    found: Cents = {}
    for one in some:
        for account, amount in one.items():
            found[account] = found.get(account, 0) + amount
    return {account: amount for account, amount in found.items() if amount}


def less(one: Cents, other: Cents) -> Cents:
    return added(one, {account: -amount for account, amount in other.items()})


def cents(text: object) -> int:
    amount = Decimal(str(text)) * 100
    assert amount == int(amount), f"{text} is no whole number of cents"
    return int(amount)


async def books(world: PostingWorld, at: datetime | None = None) -> Cents:
    """Add the simulator's ledger up by account, as it was at an instant."""
    found: Cents = {}
    for line in (await world.sim("ledger"))["lines"]:
        if at is not None and datetime.fromisoformat(line["postedDateTime"]) > at:
            continue
        found[line["account"]] = found.get(line["account"], 0) + cents(line["amount"])
    return {account: amount for account, amount in found.items() if amount}


def of_lines(lines: Iterable[dict[str, str]]) -> Cents:
    """Read an accrual's or a memo's lines."""
    return added(*({line["account"]: cents(line["debit"]) - cents(line["credit"])} for line in lines))
