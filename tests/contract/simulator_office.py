"""Drives the simulated headquarters without HTTP: its own objects, fed with the rows that packages carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Coroutine, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simulator.clock import Clock
from simulator.database import Receipt, StoredRow
from simulator.financial import post_financial
from simulator.schema import ENTITIES
from simulator.setup import apply_setup
from simulator.statements import Books
from simulator.validation import validate_store_transactions
from simulator.values import Cells, Values, text_of
from simulator.world import World
from simulator.writing import upsert

NOON = datetime(2017, 12, 23, 12, tzinfo=UTC)


class Office:
    """One environment, set up."""

    def __init__(self, setup: Mapping[str, Any], **switches: str) -> None:
        self.world = World(Clock(NOON, datetime.now(UTC)))
        self.world.switches = self.world.switches.changed(dict(switches))
        self.books = Books(self.world)
        self.set_up(setup)

    def set_up(self, setup: Mapping[str, Any]) -> None:
        apply_setup(self.world.database, deepcopy(dict(setup)))

    def put(self, rows: Mapping[str, list[dict[str, Any]]], company: str = "usrt") -> None:
        """Take rows by the label of their entity, as an import does."""
        for label, label_rows in rows.items():
            entity = next(one for one in ENTITIES.values() if one.label == label)
            for row in label_rows:
                values: Values = {name: Cells(entity.fields[name])[str(cell)] for name, cell in row.items()}
                upsert(self.world.database, self.world.switches, entity, {"dataAreaId": company, **values})

    def validate(self) -> dict[str, int]:
        return dict(_run(validate_store_transactions(self.world)))

    def broken_rules(self) -> set[str]:
        return {error.rule for one in self.world.database.receipts.values() for error in one.errors}

    def post(self) -> list[dict[str, Any]]:
        return list(_run(self.books.post_transactional())["statements"])

    def post_financial(self) -> list[dict[str, Any]]:
        return list(_run(post_financial(self.books))["statements"])

    def rows(self, odata_set: str) -> list[Values]:
        return [row.values for row in self.table(odata_set)]

    def table(self, odata_set: str) -> list[StoredRow]:
        return list(self.world.database.tables[odata_set].values())

    def receipt(self, number: str) -> Receipt:
        [found] = [one for key, one in self.world.database.receipts.items() if key[3] == number.lower()]
        return found

    def accounts(self) -> dict[tuple[str, str], Decimal]:
        """Add the ledger up by account and code, having seen that each voucher balances."""
        accounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        vouchers: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.books.ledger.lines:
            vouchers[line.voucher] += line.amount
            accounts[line.account, line.code] += line.amount
        assert not any(vouchers.values()), vouchers
        return {account: amount for account, amount in accounts.items() if amount}

    def numbers(self, odata_set: str, name: str) -> list[str]:
        return sorted(text_of(row, name) for row in self.rows(odata_set))


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a job to its end; it never waits for anything but its turn."""
    try:
        while True:
            work.send(None)
    except StopIteration as ended:
        return ended.value
