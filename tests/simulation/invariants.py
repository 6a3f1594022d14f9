"""What must hold after every single step, and what at the end: read from the tables and D365's ledger as they lie there,
and compared with the reference ledger. Nothing here calls the code under test.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.simulation.places import COMPANY_OF, METHOD_OF, NUMBER_OF, TAX_OF
from tests.simulation.reference import EXCLUDED, HEALTHY, HELD, UNKNOWN_STORE, UNMAPPED, Identity, Version

if TYPE_CHECKING:
    from tests.simulation.history import History

STATUSES = frozenset(
    {
        "received", "waiting", "mapped", "sending", "sent", "validated", "posted", "held", "repair", "excluded",
        "reversed", "written off",
    }
)  # fmt: skip
ENDED = frozenset({"posted", "excluded", "reversed", "written off"})
ATTEMPTS_MAX = 60
JUDGED_BY_D365 = frozenset({"validation_failed", "changed_in_d365", "gone_from_d365"})
# What is told of a receipt although it goes on, or has gone on.
TOLD_BESIDES = frozenset({"content_conflict", "receipt_late"})
Group = tuple[str, str, str]


def _cents(text: object) -> int:
    whole, _, part = str(text).partition(".")
    part = (part + "00")[:2]
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole or 0)) * 100 + int(part))


class Invariants:
    """Checks one history, and keeps what was broken."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.broken: list[str] = []
        self._tables = history.tables
        self._headquarters = history.headquarters
        self._reference = history.reference
        self._checked_writes = self._checked_moves = -1
        self._known: dict[int, str] = {}

    def fail(self, text: str) -> None:
        """Keep a broken promise, with the time and the step it was seen at."""
        at = asyncio.get_running_loop().time()
        self.broken.append(f"step {self._history.effects.count}, {at / 3600:.2f} h: {text}")

    def promised(self, version: Version, verdict: str) -> None:
        """The POS was told a verdict."""
        wrong = self._reference.promise(version, verdict)
        if wrong:
            self.fail(wrong)
        self.check(whole=True)

    def check(self, *, whole: bool = False) -> None:
        """Check after a step. Where nothing was written since, there is nothing new to see."""
        if self.broken:
            return
        tables = self._tables
        writes = sum(
            one._writes for one in (tables.transactions, tables.due, tables.causes, tables.packages)
        ) + len(self._headquarters.ledger.receipts)
        if writes == self._checked_writes and not whole and self._history.platform.doing:
            return
        self._checked_writes = writes
        rows = list(self._receipts())
        moved = tables.transactions._writes
        if whole or moved != self._checked_moves:
            self._checked_moves = moved
            for store, row in rows:
                self._check_row(store, row)
            self._check_promises()
        self._check_d365()
        self._check_rest(rows)

    def _receipts(self) -> Iterator[tuple[str, Any]]:
        for store, rows in self._tables.transactions._rows.items():
            for row in rows.values():
                if row.values.get("Record") == "receipt":
                    yield store, row

    def _check_row(self, store: str, row: Any) -> None:
        """Each receipt has one status, and the money its till rang: per tender, tax code and group, to the cent."""
        seen = self._known.get(id(row))
        if seen == row.etag:
            return
        self._known[id(row)] = row.etag
        values = row.values
        if values["Status"] not in STATUSES:
            self.fail(f"{row.key} has the status {values['Status']}")
        version = self._version_of(store, values)
        if version is None:
            self.fail(f"{row.key} was never rung up")
            return
        wrong = _wrong_figures(version, values)
        if wrong:
            self.fail(f"{version.mark}: {wrong}")
        if values["Status"] == "excluded" and version.fate != EXCLUDED:
            self.fail(f"{version.mark} is excluded, and counts")
        if values["Status"] == "posted" and not self._is_posted(version.store, version.number):
            self.fail(f"{version.mark} is called posted, and is not in D365's ledger")

    def _version_of(self, store: str, values: Mapping[str, Any]) -> Version | None:
        stores = ("S9",) if store == "unknown" else (store,)
        for one in stores:
            found = self._reference.versions.get((one, values["TransactionId"]), {})
            if values.get("ReceiptNumber") in found:
                return found[values["ReceiptNumber"]]
        return None

    def _is_posted(self, store: str, number: str) -> bool:
        place = NUMBER_OF.get(store)
        return any(
            one.store == place and one.transaction_number == number
            for one in self._headquarters.ledger.receipts
        )

    def _check_promises(self) -> None:
        """Whatever the POS was promised is kept, once."""
        kept = self._all_kept()
        for identity in self._reference.promised:
            found = kept.get(identity, [])
            if len(found) != 1:
                self.fail(f"{identity} was promised and is kept {len(found)} times")
                return
            counting = self._reference.counting(identity)
            mark = found[0].values.get("ReceiptNumber")
            if counting is not None and mark != counting.mark:
                newer = self._reference.versions[identity][mark].revision > counting.revision
                if not newer:
                    self.fail(f"{counting.mark} was promised to count, and {mark} does")

    def _all_kept(self) -> dict[Identity, list[Any]]:
        """Give the receipts that are kept, by identity: those that have their entry of identity, too."""
        kept: dict[Identity, list[Any]] = {}
        for store, rows in self._tables.transactions._rows.items():
            place = "S9" if store == "unknown" else store
            for row in rows.values():
                if row.values.get("Record") == "receipt":
                    name = row.values["TransactionId"]
                    if f"id~{store}~east~{name}" in rows:
                        kept.setdefault((place, name), []).append(row)
        return kept

    def _check_d365(self) -> None:
        """Nothing is posted twice, nothing posted is written again, and every posted cent is one that a till rang."""
        ledger, database = self._headquarters.ledger, self._headquarters.world.database
        if ledger.double_postings():
            self.fail(f"posted twice: {ledger.double_postings()}")
        if database.reopened:
            self.fail("a posted receipt was written again")
        if self._headquarters.imports.collisions:
            self.fail(f"two of our imports at once: {self._headquarters.imports.collisions}")
        for number in self._headquarters.overwritten:
            self.fail(f"{number}, which somebody had changed in D365, was written over")

    def _check_rest(self, rows: list[tuple[str, Any]]) -> None:
        """None rests without a due row, an owner or an end. Whoever is still at it may be about to see to it."""
        began = min((one.began_at for one in self._history.platform.doing), default=None)
        start = self._history.evening.start
        due = set(self._tables.due._rows.get("due", {}))
        for store, row in rows:
            status = row.values["Status"]
            if status in ENDED:
                continue
            written = (row.written_at - start).total_seconds()
            if began is not None and began <= written:
                continue
            if not self._is_seen_to(store, row, status, due):
                self.fail(
                    f"{row.values.get('ReceiptNumber')} rests in {status}: no due row, no owner, no end"
                )
                return

    def _is_seen_to(self, store: str, row: Any, status: str, due: set[str]) -> bool:
        day = row.values["BusinessDay"]
        if status in ("received", "mapped", "sent", "validated"):
            place = "S9" if store == "unknown" else store
            if status == "received" and (place, row.values["TransactionId"]) not in self._reference.promised:
                return True  # nobody was told that it is kept: the till sends it again
            stage = {"received": "map", "mapped": "post"}.get(status, "track")
            return f"{stage}~{store}~{day}" in due
        packages = self._tables.packages._rows.get("env-1", {})
        if status == "sending":
            slot = packages.get("slot~env-1")
            return slot is not None and slot.values.get("Package") == row.values.get("Package")
        if status == "held" and row.values["Cause"] in JUDGED_BY_D365 and f"track~{store}~{day}" in due:
            return True  # D365 is asked again; what it says now ends the cause first
        if status == "held":
            rows = self._tables.causes._rows.get(row.values["Fingerprint"], {})
            return any(
                one.values["State"] == "open" and one.values["TransactionId"] == row.values["TransactionId"]
                for one in rows.values()
            )
        return False

    def is_quiet(self) -> bool:
        """Say whether nothing will move any more by itself."""
        return not self.what_moves()

    def what_moves(self) -> str:
        """Say what is still in flight."""
        moving = []
        for _, row in self._receipts():
            status, version = row.values["Status"], self._version_of(row.partition, row.values)
            if status in ENDED or version is None:
                continue
            if status == "held" and (
                version.fate in (HELD, UNKNOWN_STORE) or version.number in self._reference.touched
            ):
                continue
            if status in ("sent", "validated") and version.number in self._reference.touched:
                continue
            moving.append(f"{version.mark} {status} {row.values.get('Cause', '')}")
        touched = bool(self._reference.touched)
        due = [
            key
            for key in self._tables.due._rows.get("due", {})
            if not (touched and key.startswith("track"))
            and not key.startswith("heard~")  # no work, and it stays
        ]
        slot = self._tables.packages._rows.get("env-1", {}).get("slot~env-1")
        if slot is not None and slot.values.get("State") == "taken":
            moving.append(f"package {slot.values.get('Package')}")
        return ", ".join([*moving, *due])

    def check_end(self) -> None:
        """At the end: everything has ended as it must, and D365's ledger is the reference ledger, to the cent."""
        kept = self._all_kept()
        for identity in self._reference.versions:
            if identity not in self._reference.promised:
                self.fail(f"{identity} was never answered for")
                continue
            version = self._reference.counting(identity)
            found = kept.get(identity, [])
            if version is None or len(found) != 1:
                self.fail(f"{identity} is kept {len(found)} times, and counts as {version}")
                continue
            status = found[0].values["Status"]
            if version.number in self._reference.touched:
                continue
            expected = {
                HEALTHY: ("posted",), UNMAPPED: ("posted",), EXCLUDED: ("excluded",), HELD: ("held",), UNKNOWN_STORE: ("held",),
            }[version.fate]  # fmt: skip
            if status not in expected:
                self.fail(f"{version.mark} ({version.fate}) ended as {status}")
        self._check_ledger()
        self._check_kept_conflicts()
        self._check_causes()
        if self._history.platform.poisoned:
            self._history.effects.met["poisoned doorbell"] += len(self._history.platform.poisoned)
        attempts = max((row.values.get("Attempt", 0) for row in self._packages()), default=0)
        if attempts > ATTEMPTS_MAX:
            self.fail(f"a package took {attempts} attempts")

    def _check_causes(self) -> None:
        """Nobody is told any more of a receipt that has ended."""
        over = {
            (store, row.values["TransactionId"])
            for store, row in self._receipts()
            if row.values["Status"] in ENDED
        }
        for rows in self._tables.causes._rows.values():
            for row in rows.values():
                told = row.values["State"] == "open" and row.values["What"] == "receipt"
                if (
                    told
                    and row.values["Reason"] not in TOLD_BESIDES
                    and (row.values["Store"], row.values["TransactionId"]) in over
                ):
                    self.fail(
                        f"{row.values['ReceiptNumber']} has ended, and {row.values['Reason']} still waits for somebody"
                    )

    def _packages(self) -> list[Any]:
        rows = self._tables.packages._rows.get("env-1", {})
        return [row for row in rows.values() if row.values.get("Record") == "package"]

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
                    self.fail(f"{mark} was promised to be kept as a conflict, and is not")

    def _check_ledger(self) -> None:
        expected: dict[Group, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        for one in self._headquarters.ledger.receipts:
            store = next(name for name, number in NUMBER_OF.items() if number == one.store)
            versions = self._reference.versions.get((store, one.transaction_number.removeprefix("east:")))
            version = (
                self._reference.counting((store, one.transaction_number.removeprefix("east:")))
                if versions
                else None
            )
            if version is None:
                self.fail(f"{one.transaction_number} is in D365's ledger, and no till rang it up")
                continue
            group = expected[COMPANY_OF[store], one.store, one.business_day]
            if version.number not in self._reference.touched and one.business_day != version.day:
                self.fail(f"{version.mark} of {version.day} was posted for {one.business_day}")
            for code, amount in version.tenders.items():
                group["payments", METHOD_OF[code]] += amount
            group["payments", METHOD_OF["CASH"]] += version.movement
            group["income_expense", "EXP1"] += version.movement
            for code, amount in version.taxes.items():
                group["tax", TAX_OF[code]] += amount
            group["all", "sales"] += version.sales
            group["all", "returns"] += version.returns
        for total in self._headquarters.ledger.totals():
            key = total["dataAreaId"], total["StoreNumber"], total["businessDate"]
            found = {
                (kind, code): _cents(amount)
                for kind in ("payments", "tax", "income_expense")
                for code, amount in total[kind].items()
            } | {("all", name): _cents(total[name]) for name in ("sales", "returns")}
            mine = expected[key]
            for place in mine.keys() | found.keys():
                if mine.get(place, 0) != found.get(place, 0):
                    self.fail(
                        f"{key} {place}: the tills rang {mine.get(place, 0)} cents, D365 has {found.get(place, 0)}"
                    )

    def statements(self) -> dict[str, str]:
        """Give each statement's text."""
        return {
            row.key: zlib.decompress(b"".join(row.values[name] for name in _parts_of(row.values))).decode()
            for rows in self._tables.statements._rows.values()
            for row in rows.values()
        }


def _wrong_figures(version: Version, values: Mapping[str, Any]) -> str:
    text = values.get("Figures")
    if not text:
        return "it has no figures" if version.tenders else ""
    if version.fate == EXCLUDED:
        return ""
    _, total, sales, returns, _, _, _, taxes, tenders = json.loads(text)
    found = (
        _cents(total), _cents(sales), _cents(returns), {code: _cents(one) for code, one in taxes.items()},
        {code: _cents(one) for code, one in tenders.items()},
    )  # fmt: skip
    wanted = (version.total, version.sales, version.returns, dict(version.taxes), dict(version.tenders))
    return "" if found == wanted else f"kept as {found}, rung as {wanted}"


def _parts_of(values: Mapping[str, Any]) -> list[str]:
    names = [name for name in values if isinstance(values[name], bytes)]
    return sorted(names, key=lambda name: int("".join(one for one in name if one.isdigit()) or 0))
