"""List the receipts that came after their period was closed, and make the memo of two sides for each pair of periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.flows.closing.days import QUERIES_AT_ONCE, StoreDayKey, stores_of
from shared.flows.closing.lines import lines_json
from shared.retail.accrual import entries_of_receipt
from shared.retail.csv_text import csv_text
from shared.retail.late import LateReceipt, Memo, memos_of, policy_of
from shared.retail.ledger import Accounts
from shared.retail.mapped import StoreSetup
from shared.retail.periods import days_of
from shared.retail.status import IN_THE_LEDGER
from shared.services import Services
from shared.storage.late import late_of
from shared.storage.receipt_record import records_of_day

COLUMNS = ("period", "side", "currency", "account", "what", "tax_code", "debit", "credit")


@dataclass(frozen=True, slots=True)
class LateReport:
    """The policy of a legal entity now, and its memos that touch a period."""

    legal_entity: str
    period: str
    policy: str
    memos: Sequence[Memo]

    def as_json(self) -> dict[str, Any]:
        """Give it as the API does."""
        return {
            "legal_entity": self.legal_entity,
            "period": self.period,
            "policy": self.policy,
            "memos": [_memo_json(one) for one in self.memos],
        }

    def as_csv(self) -> str:
        """Give the memos' lines as CSV that no spreadsheet runs."""
        rows = []
        for one in self.memos:
            for period, side, entries in (
                (one.belongs_to, "belongs here", one.add_to_first),
                (one.stands_in, "stands here and does not belong", one.take_from_second),
            ):
                rows += [
                    [period, side, one.currency, *line.values()] for line in lines_json(entries, one.currency)
                ]
        return csv_text(COLUMNS, rows)


async def list_late(services: Services, legal_entity: str, period: str) -> LateReport | None:
    """Give the memos that touch a period, on whichever side; None where the entity has no store.

    Raises:
        RejectedError: it is no period.
    """
    first, last = (one.isoformat() for one in days_of(period))
    stores = await stores_of(services, legal_entity)
    if not stores:
        return None
    keys = set()
    async for row in late_of(services.tables.storedays, legal_entity):
        touches = any(first <= row.text(name) <= last for name in ("BusinessDay", "PostsOn"))
        if row.text("Store") in stores and touches:
            keys.add((row.text("Store"), date.fromisoformat(row.text("BusinessDay"))))
    found: list[LateReceipt] = []
    ordered = sorted(keys)
    for start in range(0, len(ordered), QUERIES_AT_ONCE):
        part = ordered[start : start + QUERIES_AT_ONCE]
        for some in await services.together(*(_late_of_day(services, stores, key) for key in part)):
            found += some
    memos = memos_of(one for one in found if _touches(one, first, last))
    policy = policy_of(services.mappings.known, legal_entity, services.now().date())
    return LateReport(legal_entity, period, policy, memos)


async def _late_of_day(
    services: Services, stores: dict[str, StoreSetup], key: StoreDayKey
) -> list[LateReceipt]:
    store, day = key
    mappings = services.mappings.known
    accounts = Accounts(mappings, mappings.store(store, day) or stores[store], day)
    return [
        LateReceipt(
            store, one.label, day, one.posts_on, one.currency, one.status in IN_THE_LEDGER,
            tuple(entries_of_receipt(one, accounts)),
        )
        for one in await records_of_day(services.tables.transactions, store, day)
        if one.posts_on is not None
    ]  # fmt: skip


def _touches(one: LateReceipt, first: str, last: str) -> bool:
    return any(first <= day.isoformat() <= last for day in (one.business_day, one.posts_on))


def _memo_json(one: Memo) -> dict[str, Any]:
    return {
        "belongs_to": one.belongs_to,
        "stands_in": one.stands_in,
        "currency": one.currency,
        "add_to_first": lines_json(one.add_to_first, one.currency),
        "take_from_second": lines_json(one.take_from_second, one.currency),
        "receipts": [
            {
                "store": receipt.store, "receipt": receipt.label, "business_day": receipt.business_day.isoformat(),
                "posts_on": receipt.posts_on.isoformat(), "posted": receipt.is_posted,
            }
            for receipt in one.receipts
        ],
    }  # fmt: skip
