"""What must hold at the end of a history: all has ended as it must, and D365's ledger is the reference ledger, to the cent.

As in `invariants.py`, nothing here calls the code under test.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from simulator.schema import (
    BANKED_TENDERS,
    PAYMENT_LINES,
    SAFE_TENDERS,
    SALES_LINES,
    SHIFTS,
    TENDER_DECLARATIONS,
)
from tests.simulation.invariants import ENDED, TAKEN, Invariants, cents_of
from tests.simulation.places import COMPANY_OF, METHOD_OF, NUMBER_OF, REGISTER_OF, TAX_OF
from tests.simulation.reference import (
    CASH,
    EXCLUDED,
    HEALTHY,
    HELD,
    UNKNOWN_STORE,
    UNMAPPED,
    Entry,
    Identity,
    Version,
    Wish,
)

if TYPE_CHECKING:
    from tests.simulation.history import History

ATTEMPTS_MAX = 60
# What is told of a receipt although it goes on, or has gone on.
TOLD_BESIDES = frozenset({"content_conflict", "receipt_late"})
EXPECTED = {
    HEALTHY: ("posted",), UNMAPPED: ("posted",), EXCLUDED: ("excluded",), HELD: ("held",), UNKNOWN_STORE: ("held",),
    CASH: ("sent", "validated", "posted"),
}  # fmt: skip
CASH_SETS = (
    (PAYMENT_LINES, "AmountTendered"), (SAFE_TENDERS, "AmountTendered"), (BANKED_TENDERS, "AmountTendered"),
    (TENDER_DECLARATIONS, "AmountInChannelCurrency"),
)  # fmt: skip
Group = tuple[str, str, str]


class Endings:
    """Checks one history's end; what is broken is told to its invariants."""

    def __init__(self, history: History, invariants: Invariants) -> None:
        self._history = history
        self._tables = history.tables
        self._headquarters = history.headquarters
        self._reference = history.reference
        self._invariants = invariants
        self._fail = invariants.fail
        self._taken: set[Identity] = set()

    def check(self) -> None:
        """Check everything."""
        kept = self._invariants.all_kept()
        for identity in self._reference.versions:
            if identity not in self._reference.promised:
                self._fail(f"{identity} was never answered for")
                continue
            version = self._reference.counting(identity)
            found = kept.get(identity, [])
            if version is None or len(found) != 1:
                self._fail(f"{identity} is kept {len(found)} times, and counts as {version}")
                continue
            self._check_status(version, found[0])
        for wish in self._reference.wishes.values():
            self._check_wish(wish, kept)
        self._check_ledger()
        self._check_cash()
        self._check_reversals()
        self._check_told()
        self._check_kept_conflicts()
        self._check_causes()
        self._check_packages()

    def _check_status(self, version: Version, row: Any) -> None:
        """A receipt has ended as its fate says, or, reversed, as finance said."""
        if row.values["Status"] == "held" and row.values["Cause"] == TAKEN:
            self._check_taken(version, row)
            return
        if self._reference.is_touched(version.number):
            return
        status, wish = row.values["Status"], self._reference.wishes.get(version.identity)
        expected = EXPECTED[version.fate]
        if wish is not None and wish.told_day:
            is_touched = self._reference.is_touched(f"{version.number}.rev")
            expected = ("posted", "reversed") if is_touched else ("reversed",)
        if status not in expected:
            self._fail(f"{version.mark} ({version.fate}) ended as {status}")

    def _check_taken(self, version: Version, row: Any) -> None:
        """A movement that D365 had and has no more is held as perhaps posted only where a shift it was in is in a statement."""
        reference, place = self._reference, (version.store, version.number)
        self._history.effects.met["movement gone that its shift may have posted"] += 1
        self._taken.add(version.identity)
        is_gone = reference.is_touched(version.number) or place in reference.lost | reference.taken_out
        if version.fate != CASH or not is_gone or place in self._headquarters.numbers():
            self._fail(f"{version.mark} ({version.fate}) is held as posted with its shift, and is not gone")
        if not self._history.says_statements or reference.restored_at >= 0:
            return
        closed = {
            f"{one.values['Terminal']} {one.values['BatchShiftId']}"
            for one in self._headquarters.world.database.tables[SHIFTS].values()
            if one.values.get("StatementId") and one.values["StoreNumber"] == NUMBER_OF[version.store]
        }
        if closed.isdisjoint(row.values["SentIn"].splitlines()):
            self._fail(f"{version.mark} is held as posted with a shift that is in no statement")

    def _check_wish(self, wish: Wish, kept: dict[Identity, list[Any]]) -> None:
        """What finance was promised is there, once: the reversal, and the replacement if one was asked for; else nothing."""
        if wish.is_open:
            self._fail(f"finance was never answered about {wish.id}")
        made = bool(wish.told_day)
        for name, wanted in ((f"{wish.id}.rev", made), (f"{wish.id}.new", made and wish.with_replacement)):
            found = kept.get((wish.store, name), [])
            if len(found) != int(wanted):
                self._fail(f"{name} is kept {len(found)} times")
                continue
            if not wanted or self._reference.is_touched(f"east:{name}"):
                continue
            own = self._reference.wishes.get((wish.store, name))
            expected = "posted" if own is None or not own.told_day else "reversed"
            if own is not None and self._reference.is_touched(f"east:{own.id}.rev"):
                continue
            if found[0].values["Status"] != expected:
                self._fail(f"{name} ended as {found[0].values['Status']}")

    def _check_ledger(self) -> None:
        expected: dict[Group, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        for one in self._headquarters.ledger.receipts:
            store = next(name for name, number in NUMBER_OF.items() if number == one.store)
            entry = self._reference.entry(store, one.transaction_number.removeprefix("east:"))
            if entry is None:
                self._fail(f"{one.transaction_number} is in D365's ledger, and no till rang it up")
                continue
            day = entry.wish.told_day if entry.wish is not None else entry.version.day
            if not self._reference.is_touched(one.transaction_number) and one.business_day != day:
                self._fail(f"{one.transaction_number} of {day} was posted for {one.business_day}")
            _add(expected[COMPANY_OF[store], one.store, one.business_day], entry)
        for total in self._headquarters.ledger.totals():
            key = total["dataAreaId"], total["StoreNumber"], total["businessDate"]
            found = {
                (kind, code): cents_of(amount)
                for kind in ("payments", "tax", "income_expense")
                for code, amount in total[kind].items()
            } | {("all", name): cents_of(total[name]) for name in ("sales", "returns")}
            mine = expected[key]
            for place in mine.keys() | found.keys():
                if mine.get(place, 0) != found.get(place, 0):
                    self._fail(
                        f"{key} {place}: the tills rang {mine.get(place, 0)} cents, D365 has {found.get(place, 0)}"
                    )

    def _check_cash(self) -> None:
        """What of the cash office is sent is there once, with the till's amount; what is not sent is not there."""
        for identity in self._reference.versions:
            version = self._reference.counting(identity)
            if version is None or not version.cash or self._reference.is_touched(version.number):
                continue
            if identity in self._taken:
                continue
            found = [
                abs(cents_of(row.values[name]))
                for odata_set, name in CASH_SETS
                for row in self._headquarters.world.database.tables[odata_set].values()
                if _is_of(row.values, version)
            ]
            wanted = [version.cash] if version.fate == CASH else []
            if found != wanted:
                self._fail(f"{version.mark}: the till moved or counted {wanted} cents, D365 has {found}")

    def _check_reversals(self) -> None:
        """A reversal turns back what D365 has of its original, item by item and payment by payment, whatever is mapped since."""
        receipts = self._headquarters.world.database.receipts
        for key, receipt in receipts.items():
            original = receipts.get((*key[:3], key[3].removesuffix(".rev")))
            if not key[3].endswith(".rev") or not receipt.posted or original is None or not original.posted:
                continue
            for odata_set, names in (
                (SALES_LINES, ("ItemId", "Quantity")), (PAYMENT_LINES, ("TenderType", "AmountTendered")),
            ):  # fmt: skip
                left: Counter[str] = Counter()
                for row in (*receipt.lines(odata_set), *original.lines(odata_set)):
                    left[str(row[names[0]])] += cents_of(row[names[1]])
                if any(left.values()):
                    self._fail(f"{key[3]} leaves {dict(left)} of its original's {names[1]}")

    def _check_told(self) -> None:
        """Each receipt that a restored D365 lost, and that it was taken to have, was put before somebody."""
        told = {
            (row.values["Store"], row.values["TransactionId"])
            for rows in self._tables.causes._rows.values()
            for row in rows.values()
            if row.values["Reason"] in ("gone_from_d365", TAKEN)
        }
        for store, number in self._reference.believed:
            name = number.removeprefix("east:")
            if (store, name) not in told and not self._reference.is_touched(number):
                self._fail(f"D365 lost {store} {name}, and nobody was told")

    def _check_causes(self) -> None:
        """Nobody is told any more of a receipt that has ended."""
        for row in self.stranded():
            self._fail(
                f"{row.values['ReceiptNumber']} has ended, and {row.values['Reason']} still waits for somebody"
            )

    def stranded(self) -> list[Any]:
        """Give what is still told of receipts that have ended: the app looks for that a few times a day."""
        over = {
            (store, row.values["TransactionId"])
            for store, row in self._invariants.receipts()
            if row.values["Status"] in ENDED
        }
        return [
            row
            for rows in self._tables.causes._rows.values()
            for row in rows.values()
            if row.values["State"] == "open"
            and row.values["What"] == "receipt"
            and row.values["Reason"] not in TOLD_BESIDES
            and (row.values["Store"], row.values["TransactionId"]) in over
        ]

    def _check_packages(self) -> None:
        if self._history.platform.poisoned:
            self._history.effects.met["poisoned doorbell"] += len(self._history.platform.poisoned)
        rows = self._tables.packages._rows.get("env-1", {})
        packages = [row for row in rows.values() if row.values.get("Record") == "package"]
        attempts = max((row.values.get("Attempt", 0) for row in packages), default=0)
        if attempts > ATTEMPTS_MAX:
            self._fail(f"a package took {attempts} attempts")

    def _check_kept_conflicts(self) -> None:
        """A version that was promised to be kept beside the first one is there, with its owner told."""
        for identity, told in self._reference.promised.items():
            for mark, verdicts in told.items():
                if verdicts != {"conflict"}:
                    continue
                rows = self._tables.transactions._rows.get(identity[0], {})
                if not any(
                    row.values.get("Record") == "conflict" and row.values.get("ReceiptNumber") == mark
                    for row in rows.values()
                ):
                    self._fail(f"{mark} was promised to be kept as a conflict, and is not")


def _is_of(values: Any, version: Version) -> bool:
    number = values.get("TransactionNumber") or values.get("TransactionId")
    register = values.get("Terminal") or values.get("RegisterNumber")
    return (number, register) == (version.number, REGISTER_OF[version.store, version.terminal])


def _add(group: dict[tuple[str, str], int], entry: Entry) -> None:
    """Add what a receipt or its correction is in D365's books. What a reversal turns, goods that were sold come back."""
    version, sign = entry.version, entry.sign
    for code, amount in version.tenders.items():
        group["payments", METHOD_OF[code]] += sign * amount
    group["payments", METHOD_OF["CASH"]] += sign * version.movement
    group["income_expense", "EXP1"] += sign * version.movement
    for code, amount in version.taxes.items():
        group["tax", TAX_OF[code]] += sign * amount
    sold, back = (version.sales, version.returns) if sign > 0 else (-version.returns, -version.sales)
    group["all", "sales"] += sold
    group["all", "returns"] += back
