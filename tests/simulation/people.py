"""People: in D365 they move, change and delete receipts and run other imports; at the desk they map, release and decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import quote

from shared.flows.cancel_release import cancel_release
from shared.flows.confirm_missing import confirm_missing
from shared.flows.end_shift import end_shift
from shared.flows.map_transactions import map_transactions
from shared.flows.release_exceptions import release_exceptions
from shared.settings import ROLES, Person
from shared.storage.mappings import import_rows
from simulator.database import receipt_key
from tests.simulation.effects import Effects
from tests.simulation.headquarters import Headquarters, UnluckyImports
from tests.simulation.places import COMPANY_OF, LATE_TENDER, OTHER_ITEM, REGISTER_OF, UNIT_OF
from tests.simulation.reference import HEALTHY, Reference, Version
from tests.simulation.workers import CallFailedError, Platform
from tests.unit.flow_services import DESK

STUCK = timedelta(hours=4)
NEVER_RELEASED = frozenset(
    {
        "does_not_balance",
        "store_unknown",
        "changed_in_d365",
        "drop_gone_from_d365",
        "validation_failed",
        "receipt_late",
    }
)
# These go on by themselves once D365's reference data is right.
GO_BY_THEMSELVES = frozenset({"d365_rule", "d365_reference"})
HALF_THERE = frozenset({"changed_in_d365", "d365_refused"})
GONE = "gone_from_d365"
OWNERS = Person("whoever owns it", frozenset(ROLES), "x")


class Meddlers:
    """Somebody in D365 who works on our receipts there, and somebody else's integration."""

    def __init__(
        self,
        seed: int,
        headquarters: Headquarters[UnluckyImports],
        reference: Reference,
        effects: Effects,
        platform: Platform,
    ) -> None:
        self._rng = Random(f"meddlers {seed}")
        self._platform = platform
        self._neighbours = 0
        self._headquarters = headquarters
        self._reference = reference
        self._effects = effects

    async def edit(self) -> None:
        """Move, change or delete a receipt that is not posted; whatever they leave must stay as they left it."""
        receipts = self._headquarters.world.database.receipts
        own = [
            one
            for one in receipts.values()
            if one.header is not None and not one.posted and not one.statement
            and str(one.header.values["TransactionNumber"]).startswith("east:")
        ]  # fmt: skip
        if not own:
            return
        values = self._rng.choice(own).header.values  # type: ignore[union-attr]  # chosen for having one
        number = str(values["TransactionNumber"])
        how = self._rng.choice(("moved", "changed", "deleted"))
        target = _target(values)
        if how == "deleted":
            status = await self._headquarters.delete(target, number, str(values["Terminal"]))
        else:
            moved = values["businessDate"] + timedelta(days=1)  # type: ignore[operator]  # an instant
            changes = (
                {"businessDate": moved.strftime("%Y-%m-%dT12:00:00Z")} if how == "moved" else {"NetAmount": 1}
            )
            status = await self._headquarters.person("PATCH", target, changes)
        if status < 300:
            self._effects.met[f"people {how}"] += 1
            self._effects.note(f"people {how} {number}")
            self._reference.touch(number, how)
            if how == "deleted":
                self._headquarters.left.pop(number, None)
            else:
                place = receipt_key(values)
                name = "businessDate" if how == "moved" else "NetAmount"
                header = receipts[place].header
                self._headquarters.left[number] = (place, name, header.values[name] if header else None)

    async def type_in(self) -> None:
        """Enter a receipt by hand that was missed, under the number it would have had. It must stay as it was entered.

        Never one that finance has asked to have reversed (see `finance.ask`). Never while a package is on its way: between our
        looking and D365's writing nobody can fence an import off.
        """
        if self._on_its_way():
            return
        receipts = self._headquarters.world.database.receipts
        there = {
            str(one.header.values["TransactionNumber"]) for one in receipts.values() if one.header is not None
        }
        versions = [
            one
            for found in self._reference.versions.values()
            for one in found.values()
            if one.fate == HEALTHY
            and one.total > 0
            and one.number not in there
            and one.identity not in self._reference.wishes
        ]
        if not versions:
            return
        one = self._rng.choice(versions)
        noon = f"{one.day}T12:00:00Z"
        header = {
            **_key_of(one), "NetAmount": -7, "TransactionType": "Sales",
            "TransactionStatus": "None", "businessDate": noon, "TransactionDate": noon, "Currency": one.currency,
        }  # fmt: skip
        if await self._headquarters.person("POST", "RetailTransactions?cross-company=true", header) < 300:
            self._effects.met["people typed in"] += 1
            self._effects.note(f"people typed in {one.number}")
            self._reference.touch(one.number, "typed in")
            place = receipt_key(header)  # type: ignore[arg-type]  # its four parts are texts
            written = receipts[place].header
            self._headquarters.left[one.number] = (
                place,
                "NetAmount",
                written.values["NetAmount"] if written else None,
            )

    def _on_its_way(self) -> bool:
        if any(one.what == "post" for one in self._platform.doing):
            return True
        rows = self._platform.tables.packages._rows.get("env-1", {})
        slot = rows.get("slot~env-1")
        return slot is not None and slot.values.get("State") == "taken"

    async def take_out_halves(self) -> list[str]:
        """Delete in D365 what stands there of receipts that never came in whole; give the causes they wait under.

        Of a drop D365 shows nobody its amount; another one was mapped otherwise meanwhile. The app writes over neither.
        """
        found = set()
        for store, rows in self._platform.tables.transactions._rows.items():
            for row in rows.values():
                values = row.values
                if store not in COMPANY_OF or not self._is_half(values):
                    continue
                name = str(values["TransactionId"])
                entry = self._reference.entry(store, name, str(values["ReceiptNumber"]))
                if entry is None or self._reference.is_touched(f"east:{name}"):
                    continue
                key = {**_key_of(entry.version), "TransactionNumber": f"east:{name}"}
                await self._headquarters.delete(_target(key), f"east:{name}", key["Terminal"])
                self._effects.met["half receipt taken out"] += 1
                self._reference.taken_out.add((store, f"east:{name}"))
                if values["Cause"] in HALF_THERE:
                    found.add(str(values["Fingerprint"]))
        return sorted(found)

    def _is_half(self, values: Mapping[str, Any]) -> bool:
        """Say whether it never came in whole, or was still coming in when the copy was made that was brought back."""
        if values.get("Status") != "held":
            return False
        from_the_copy = self._reference.restored_at >= 0 and values["Cause"] == "validation_failed"
        return from_the_copy or (values["Cause"] in HALF_THERE and "D365Gross" not in values)

    async def neighbour(self) -> None:
        """Let somebody else import for some minutes."""
        imports = self._headquarters.imports
        if imports.running is None:
            self._neighbours += 1
            imports.neighbour(f"neighbour-{self._neighbours}", "usrt", self._rng.uniform(30.0, 900.0))
            self._effects.met["neighbour imports"] += 1

    async def cancel_what_is_stuck(self) -> None:
        """Cancel an import that has been running for hours: nothing else can end it."""
        running = self._headquarters.imports.running
        if running is not None and self._platform.now() - running.submitted_at > STUCK:
            self._effects.met["import canceled"] += 1
            self._headquarters.imports.end("Canceled", "Canceled by a person.")


def _key_of(version: Version) -> dict[str, Any]:
    """Give the key of a receipt in D365."""
    return {
        "dataAreaId": COMPANY_OF[version.store], "OperatingUnitNumber": UNIT_OF[version.store],
        "Terminal": REGISTER_OF[version.store, version.terminal], "TransactionNumber": version.number,
    }  # fmt: skip


def _target(values: Mapping[str, Any]) -> str:
    key = ",".join(
        f"{name}='{quote(str(values[name]))}'"
        for name in ("dataAreaId", "OperatingUnitNumber", "Terminal", "TransactionNumber")
    )
    return f"RetailTransactions({key})?cross-company=true"


class Desk:
    """Store operations and finance: what they do by the app's own decisions."""

    def __init__(self, seed: int, platform: Platform, tables: Any, reference: Reference) -> None:
        self._rng = Random(f"desk {seed}")
        self._platform = platform
        self._tables = tables
        self._reference = reference

    async def map_the_voucher(self) -> None:
        """Map what nobody had mapped."""
        now = self._platform.now()
        await import_rows(
            self._tables.mappings, "tenders", [LATE_TENDER], who="finance", reason="a new voucher", at=now
        )

    async def map_an_item_anew(self) -> None:
        """Map an item otherwise than receipts went so far, and say so to whoever checks."""
        if self._reference.is_mapped_anew:
            return
        self._reference.is_mapped_anew = True
        now = self._platform.now()
        await import_rows(
            self._tables.mappings, "items", [OTHER_ITEM], who="finance", reason="the wrong item", at=now
        )

    async def release(self, fingerprint: str) -> None:
        """Release one cause, after a look at what that would do or without one; now and then somebody stops it."""
        map_day = map_transactions if self._rng.random() < 0.7 else None
        if self._rng.random() < 0.1:
            await self._try(
                "cancel", lambda services: cancel_release(services, fingerprint, 1, DESK, "not yet")
            )
        await self._try(
            "release",
            lambda services: release_exceptions(services, fingerprint, OWNERS, "mended", map_day=map_day),
        )

    async def release_everything(self) -> None:
        """Release every cause that a release can end."""
        found = {
            row.partition: row.values["Reason"]
            for rows in list(self._tables.causes._rows.values())
            for row in rows.values()
            if row.values["State"] == "open" and row.values["What"] == "receipt"
        }
        kept_back = NEVER_RELEASED | GO_BY_THEMSELVES
        for fingerprint in sorted(name for name, code in found.items() if code not in kept_back):
            is_gone = found[fingerprint] == GONE
            self._reference.releasing += is_gone
            await self.release(fingerprint)
            if is_gone:
                self._reference.releasing -= 1
                self._let_go_again(fingerprint)

    def _let_go_again(self, fingerprint: str) -> None:
        """Say that what D365 no longer has may be sent once more: all that was told of so far."""
        for row in self._tables.causes._rows.get(fingerprint, {}).values():
            if row.values["What"] == "receipt":
                self._reference.barred.discard((row.values["Store"], f"east:{row.values['TransactionId']}"))

    async def decide(self) -> None:
        """End a shift nobody closed, and say that a number is lost which may still come."""
        open_shifts = [
            row
            for rows in self._tables.shifts._rows.values()
            for row in rows.values()
            if row.values["Record"] == "shift" and "ClosedAt" not in row.values
        ]
        if open_shifts:
            row = self._rng.choice(open_shifts)
            store, till, shift = (str(row.values[name]) for name in ("Store", "Terminal", "Shift"))
            at = self._platform.now()
            await self._try(
                "end shift", lambda services: end_shift(services, store, till, shift, at, DESK, "gone home")
            )
        day, number = self._platform.now().date() - timedelta(days=1), self._rng.randint(1, 20)
        await self._try(
            "missing",
            lambda services: confirm_missing(services, "S1", day, "1", [number], "lost", DESK, "not found"),
        )

    async def _try(self, what: str, work: Any) -> None:
        try:
            await self._platform.call(what, work)
        except CallFailedError:
            return
