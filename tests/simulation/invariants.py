"""What must hold after every single step: read from the tables and D365's ledger as they lie there, and compared with the
reference ledger. Nothing here calls the code under test. What must hold at the end is in `endings.py`.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.simulation.places import NUMBER_OF
from tests.simulation.reference import CASH, EXCLUDED, HELD, UNKNOWN_STORE, Entry, Identity, Version

if TYPE_CHECKING:
    from tests.simulation.history import History

STATUSES = frozenset(
    {
        "received", "waiting", "mapped", "sending", "sent", "validated", "posted", "held", "repair", "excluded",
        "reversed", "written off",
    }
)  # fmt: skip
ENDED = frozenset({"posted", "excluded", "reversed", "written off"})
TAKEN = "drop_gone_from_d365"
JUDGED_BY_D365 = frozenset({"validation_failed", "changed_in_d365", "gone_from_d365", TAKEN})


def cents_of(text: object) -> int:
    """Give an amount in cents, without any arithmetic but that of whole numbers."""
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
        self._statuses: dict[tuple[str, str], str] = {}

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
        rows = list(self.receipts())
        moved = tables.transactions._writes
        if whole or moved != self._checked_moves:
            self._checked_moves = moved
            for store, row in rows:
                self._check_row(store, row)
            self._check_promises()
        self._check_d365()
        self._check_rest(rows)

    def receipts(self) -> Iterator[tuple[str, Any]]:
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
        entry = self._entry_of(store, values)
        if entry is None:
            self.fail(f"{row.key} was never rung up, nor asked for")
            return
        version = entry.version
        wrong = _wrong_figures(entry, values)
        if wrong:
            self.fail(f"{version.mark}: {wrong}")
        if values["Status"] == "excluded" and version.fate != EXCLUDED:
            self.fail(f"{version.mark} is excluded, and counts")
        before = self._statuses.get((store, row.key), "")
        self._statuses[store, row.key] = values["Status"]
        if values["Status"] != before:
            self._check_in_the_ledger(store, str(values["TransactionId"]), values["Status"], before)

    def _check_in_the_ledger(self, store: str, name: str, status: str, before: str) -> None:
        """*Posted* is said of nothing that is not in D365's ledger, *reversed* of nothing whose reversal is not.

        What a restored D365 lost is excepted for whoever had asked before it was lost.
        """
        for one in {"posted": (name,), "reversed": (f"{name}.rev",)}.get(status, ()):
            number = f"east:{one}"
            if not self._is_posted(store, number) and not self._may_not_know(store, number):
                self.fail(
                    f"{store} {name} is called {status} (was {before}), and {one} is not in D365's ledger"
                )

    def _may_not_know(self, store: str, number: str) -> bool:
        if (store, number) not in self._reference.lost | self._reference.unposted:
            return False
        began = [one.began_at for one in self._history.platform.doing if one.what in ("track", "reverse")]
        return any(at <= self._reference.restored_at for at in began)

    def _entry_of(self, store: str, values: Mapping[str, Any]) -> Entry | None:
        place, mark = "S9" if store == "unknown" else store, values.get("ReceiptNumber")
        return self._reference.entry(place, str(values["TransactionId"]), mark or "")

    def _is_posted(self, store: str, number: str) -> bool:
        place = NUMBER_OF.get(store)
        return any(
            one.store == place and one.transaction_number == number
            for one in self._headquarters.ledger.receipts
        )

    def _check_promises(self) -> None:
        """Whatever the POS was promised is kept, once."""
        kept = self.all_kept()
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

    def all_kept(self) -> dict[Identity, list[Any]]:
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
        if self._reference.barred and not self._reference.releasing:
            back = self._reference.barred & self._headquarters.numbers()
            for store, number in back:
                if not self._reference.is_touched(number):
                    self.fail(f"{store} {number}, which D365 had lost, was sent again though nobody said so")
        for number in self._headquarters.overwritten:
            self.fail(f"{number}, which somebody had changed in D365, was written over")

    def _check_rest(self, rows: list[tuple[str, Any]]) -> None:
        """None rests without a due row, an owner or an end. Whoever is still at it may be about to see to it."""
        began = min((one.began_at for one in self._history.platform.doing), default=None)
        start = self._history.evening.start
        due = set(self._due_keys())
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

    def _due_keys(self) -> Iterator[str]:
        """Give the keys of the list of work, in one partition or spread over several."""
        for partition, rows in self._tables.due._rows.items():
            if partition == "due" or partition.startswith("due-"):
                yield from rows

    def _is_seen_to(self, store: str, row: Any, status: str, due: set[str]) -> bool:
        day = row.values["BusinessDay"]
        if status in ("received", "mapped", "sent", "validated"):
            place = "S9" if store == "unknown" else store
            name = str(row.values["TransactionId"])
            wish = self._reference.wishes.get((place, name.rpartition(".")[0]))
            if wish is not None and wish.is_open:
                return True  # finance was not answered: it asks again
            if status == "received" and "." not in name and (place, name) not in self._reference.promised:
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
        moving, resting = [], bool(self._reference.touched)
        for _, row in self.receipts():
            status, entry = row.values["Status"], self._entry_of(row.partition, row.values)
            if status in ENDED or entry is None:
                continue
            version, number = entry.version, f"east:{row.values['TransactionId']}"
            if status in ("sent", "validated") and version.fate == CASH:
                resting = True
                continue
            if status == "held" and (
                version.fate in (HELD, UNKNOWN_STORE) or self._reference.is_touched(number)
            ):
                continue
            if status in ("sent", "validated") and self._reference.is_touched(number):
                continue
            if status == "held" and row.values["Cause"] == TAKEN:
                resting = True  # nothing is sent of it any more, and D365 is asked whether it shows it again
                continue
            moving.append(
                f"{version.mark} {row.values['TransactionId']} {status} {row.values.get('Cause', '')}"
            )
        due = [
            key
            for key in self._due_keys()
            if not (resting and key.startswith("track"))
            and not key.startswith("heard~")  # no work, and it stays
        ]
        moving += [f"the answer about {one.id}" for one in self._reference.wishes.values() if one.is_open]
        slot = self._tables.packages._rows.get("env-1", {}).get("slot~env-1")
        if slot is not None and slot.values.get("State") == "taken":
            moving.append(f"package {slot.values.get('Package')}")
        return ", ".join([*moving, *due])

    def statements(self) -> dict[str, str]:
        """Give each statement's text."""
        return {
            row.key: zlib.decompress(b"".join(row.values[name] for name in _parts_of(row.values))).decode()
            for rows in self._tables.statements._rows.values()
            for row in rows.values()
            if row.values.get("Record") == "statement"
        }


def _wrong_figures(entry: Entry, values: Mapping[str, Any]) -> str:
    version, sign = entry.version, entry.sign
    text = values.get("Figures")
    if not text:
        return "it has no figures" if version.tenders else ""
    if version.fate == EXCLUDED:
        return ""
    _, total, sales, returns, _, _, _, taxes, tenders = json.loads(text)
    found = (
        cents_of(total), cents_of(sales), cents_of(returns), {code: cents_of(one) for code, one in taxes.items()},
        {code: cents_of(one) for code, one in tenders.items()},
    )  # fmt: skip
    wanted = (
        sign * version.total, sign * version.sales, sign * version.returns,
        {code: sign * one for code, one in version.taxes.items()},
        {code: sign * one for code, one in version.tenders.items()},
    )  # fmt: skip
    return "" if found == wanted else f"kept as {found}, rung as {wanted}"


def _parts_of(values: Mapping[str, Any]) -> list[str]:
    names = [name for name in values if isinstance(values[name], bytes)]
    return sorted(names, key=lambda name: int("".join(one for one in name if one.isdigit()) or 0))
