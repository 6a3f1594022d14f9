"""Statements in the evenings: finance signs what it reads, and every statement is held against the reference ledger.

Like the invariants, the checks read what lies in the tables and call nothing of the code under test.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from datetime import date
from random import Random
from typing import Any

from shared.errors import RejectedError
from shared.flows.sign_off import sign_off
from tests.simulation.invariants import Invariants, cents_of
from tests.simulation.reference import EXCLUDED, HEALTHY, HELD, UNMAPPED, Reference
from tests.simulation.workers import CallFailedError, Platform
from tests.unit.flow_services import DESK

COUNTS = (HEALTHY, UNMAPPED, HELD)
COLUMNS = ("PosSays", "Received", "InD365", "Posted")
NAMES = ("pos_says", "received", "in_d365", "posted")


class Signer:
    """One desk of finance that signs days off, whatever they say, as long as the app lets it."""

    def __init__(self, seed: int, platform: Platform, tables: Any) -> None:
        self._rng = Random(f"signer {seed}")
        self._platform = platform
        self._tables = tables

    async def sign(self) -> None:
        """Sign one of the days that are compiled; where nobody answers, somebody tries another time."""
        rows = [
            row
            for rows in self._tables.statements._rows.values()
            for row in rows.values()
            if row.values.get("Record") == "statement"
        ]
        if not rows:
            return
        row = self._rng.choice(sorted(rows, key=lambda one: (one.partition, str(one.key))))
        body = json.loads(_whole(row.values, "Statement"))
        day = date.fromisoformat(body["business_day"])

        async def flow(services: Any) -> Any:
            return await sign_off(services, row.partition, day, row.values["Revision"], DESK, "seen")

        try:
            done = await self._platform.call("sign off", flow)
        except (CallFailedError, RejectedError):
            return
        if done is not None:
            self._platform.effects.met[f"signed {done['signed'].partition(' ')[0]}"] += 1


class StatementsHold:
    """What must hold of statements: signed ones never change, and all of them add up to what the tills rang."""

    def __init__(self, tables: Any, reference: Reference, invariants: Invariants) -> None:
        self._tables = tables
        self._reference = reference
        self._fail = invariants.fail
        self._signed: dict[tuple[str, str], Any] = {}
        self._writes = -1

    def check(self) -> None:
        """What was signed stays as it was signed."""
        if self._tables.statements._writes == self._writes:
            return
        self._writes = self._tables.statements._writes
        found = {
            (partition, row.key): dict(row.values)
            for partition, rows in self._tables.statements._rows.items()
            for row in rows.values()
            if row.values.get("Record") == "signed"
        }
        for place, values in self._signed.items():
            if found.get(place) != values:
                self._fail(f"{place[1]} was signed, and is not what it was")
        self._signed = found

    def check_end(self) -> None:
        """Every store-day has its statement, which is the reference's; signatures and the open supplement make it up."""
        self.check()
        wanted = self._wanted()
        bodies = dict(self._bodies())
        for key, tenders in wanted.items():
            body = bodies.get(key)
            if body is None:
                self._fail(f"{key} has no statement")
                continue
            found = {one["code"]: cents_of(one["received"]) for one in body["tenders"]}
            for code in tenders.keys() | found.keys():
                if tenders.get(code, 0) != found.get(code, 0):
                    rung, told = tenders.get(code, 0), found.get(code, 0)
                    self._fail(f"the statement of {key} has {told} cents of {code}, the tills rang {rung}")
        for key, body in bodies.items():
            self._check_adds_up(key, body)
            self._check_supplement(key, body)

    def _bodies(self) -> Any:
        for partition, rows in self._tables.statements._rows.items():
            for row in rows.values():
                if row.values.get("Record") == "statement":
                    body = json.loads(_whole(row.values, "Statement"))
                    yield (partition, body["business_day"]), body

    def _wanted(self) -> dict[tuple[str, str], dict[str, int]]:
        """Add up in cents what counts for each store-day, by the till's tender: receipts, reversals, replacements."""
        found: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for identity in self._reference.versions:
            version = self._reference.counting(identity)
            if version is not None and version.fate in COUNTS and version.fate != EXCLUDED:
                for code, amount in version.tenders.items():
                    found[version.store, version.day][code] += amount
        for wish in self._reference.wishes.values():
            entry = self._reference.entry(wish.store, f"{wish.id}.rev")
            if not wish.told_day or entry is None:
                continue
            for code, amount in entry.version.tenders.items():
                found[wish.store, wish.told_day][code] -= amount
                if wish.with_replacement:
                    found[wish.store, wish.told_day][code] += amount
        return found

    def _check_adds_up(self, key: tuple[str, str], body: Any) -> None:
        """Causes and Unexplained are the difference, to the cent, in total and by tender."""
        causes = sum(cents_of(one["amount"]) for one in body["causes"])
        if causes + cents_of(body["unexplained"]) != cents_of(body["totals"]["difference"]):
            self._fail(f"the causes of {key} do not add up to its difference")
        for tender in body["tenders"]:
            code = tender["code"]
            named = sum(cents_of(one["tenders"].get(code, "0")) for one in body["causes"])
            if named + cents_of(tender["unexplained"]) != cents_of(tender["difference"]):
                self._fail(f"the causes of {key} do not add up to its difference in {code}")

    def _check_supplement(self, key: tuple[str, str], body: Any) -> None:
        """What was signed last and what changed since are the day as it is; nothing of it is in neither."""
        mine = [values for (partition, _), values in self._signed.items() if partition == key[0]]
        mine = [values for values in mine if values["BusinessDay"] == key[1]]
        if not mine:
            return
        last = max(mine, key=lambda values: values["Number"])
        changes = (body["supplement"] or {"changes": {}})["changes"]
        for column, name in zip(COLUMNS, NAMES, strict=True):
            was = cents_of(json.loads(last[column])[1]) if column in last else 0
            now = cents_of(body["totals"][name] or "0")
            if was + cents_of(changes.get(name, {}).get("total", "0")) != now:
                self._fail(
                    f"{key}: signed {was} cents {name}, now {now}, and the supplement does not say why"
                )
        known = json.loads(_whole(last, "Statuses"))
        rows = self._tables.transactions._rows.get(key[0], {})
        came = {
            row.values["ReceiptNumber"] + (f" ({row.values['Correction']})" if row.values.get("Correction") else "")
            for row in rows.values()
            if row.values.get("Record") == "receipt" and row.values["BusinessDay"] == key[1]
            and row.values.get("ReceiptNumber")
            and f"{row.values['Account']} {row.values['TransactionId']}" not in known
        }  # fmt: skip
        told = set((body["supplement"] or {"receipts": []})["receipts"])
        if not came <= told:
            self._fail(f"{key}: {sorted(came - told)} came after the signature, and no supplement has them")


def _whole(values: Any, name: str) -> str:
    parts = []
    while f"{name}{len(parts)}" in values:
        parts.append(values[f"{name}{len(parts)}"])
    return zlib.decompress(b"".join(parts)).decode()
