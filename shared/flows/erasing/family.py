"""Everything that is kept of one receipt: its versions, its corrections, its other names, and its row under the unknown store."""

from __future__ import annotations

from dataclasses import dataclass

from shared.retail.status import Status
from shared.services import Services
from shared.storage.erasures import is_erased_as
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Condition, Row, Table
from shared.storage.receipts import UNKNOWN_STORE, identity_key

# What goes nowhere any more, or is in D365 as it was sent.
AT_REST = frozenset(
    {
        Status.SENT, Status.VALIDATED, Status.POSTED, Status.REVERSED, Status.EXCLUDED, Status.WRITTEN_OFF,
    }
)  # fmt: skip
_NAMES = ("ReversedBy", "ReplacedBy", "ReversalOf", "ReplacementOf")
CONFLICT = "conflict~"


@dataclass(frozen=True, slots=True)
class Family:
    """One receipt's rows in one store: identities, and what they name, second versions included."""

    store: str
    identities: tuple[Row, ...]
    receipts: tuple[Row, ...]

    @property
    def waiting(self) -> tuple[Row, ...]:
        """Give the receipts that are still on their way: they are needed whole until they have arrived."""
        return tuple(row for row in self.receipts if not is_at_rest(row))

    def is_done(self, *, operator: bool) -> bool:
        """Say whether nothing is left to be erased."""
        rows = (*self.identities, *self.receipts)
        return all(is_erased_as(row, operator=operator and may_lose_operator(row)) for row in rows)


def is_at_rest(row: Row) -> bool:
    """Say whether a receipt has arrived where it goes; a second version goes nowhere."""
    return row.key.startswith(CONFLICT) or Status(row.text("Status")) in AT_REST


def may_lose_operator(row: Row) -> bool:
    """Say whether nothing names its cashier: a statement does, beside goods that came back without a receipt."""
    return "NoReceipt" not in row.values


async def families_of(services: Services, store: str, account: str, transaction_id: str) -> list[Family]:
    """Read what is kept of a receipt, in its store and under the unknown one; [] where it never arrived."""
    table = services.tables.transactions
    stores = [store] if store == UNKNOWN_STORE else [store, UNKNOWN_STORE]
    found = [await _family(table, one, account, transaction_id) for one in stores]
    return [one for one in found if one.identities or one.receipts]


async def _family(table: Table, store: str, account: str, transaction_id: str) -> Family:
    identities: dict[str, Row] = {}
    receipts: dict[str, Row] = {}
    names, looked_at = [transaction_id], set[str]()
    while names:
        name = names.pop()
        looked_at.add(name)
        identity = await table.read(store, identity_key(store, account, name))
        if identity is None:
            continue
        identities[identity.key] = identity
        row = await table.read(store, identity.text("DayKey"))
        if row is not None:
            receipts[row.key] = row
            identities |= {one.key: one for one in await _other_names(table, row, account)}
            named = {row.text(one) for one in _NAMES if row.text(one)}
            names += sorted(named - looked_at - set(names))
        receipts |= {one.key: one for one in await second_versions(table, store, account, name)}
    return Family(store, _sorted(identities), _sorted(receipts))


async def _other_names(table: Table, row: Row, account: str) -> list[Row]:
    """Read the identities that name the same row: the till was replaced when D365 had the receipt already."""
    start = identity_key(row.partition, account, row.text("TransactionId"))
    where = (Condition("DayKey", "eq", row.key),)
    query = table.query(row.partition, key_from=start, key_before=prefix_end(start), where=where)
    return [one async for one in query]


async def second_versions(table: Table, store: str, account: str, transaction_id: str) -> list[Row]:
    """Read the versions that stand beside a receipt, whatever day and till they name."""
    prefix = f"{join_key('conflict', store)}~"
    where = (Condition("Account", "eq", account), Condition("TransactionId", "eq", transaction_id))
    query = table.query(store, key_from=prefix, key_before=prefix_end(prefix), where=where)
    return [row async for row in query]


def _sorted(rows: dict[str, Row]) -> tuple[Row, ...]:
    return tuple(rows[key] for key in sorted(rows))
