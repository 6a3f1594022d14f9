"""What happens to D365 itself: people change what receipts name there, and the environment is set back to an earlier copy."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from shared.flows.read_reference import read_reference
from shared.services import Services
from tests.simulation.effects import Effects
from tests.simulation.headquarters import Headquarters
from tests.simulation.invariants import Invariants
from tests.simulation.places import COMPANY_OF, METHOD_OF, NUMBER_OF, OTHER_ITEM, PERIODS, headquarters_setup
from tests.simulation.reference import CASH, EXCLUDED, Reference, Version

# After a reading has ended, a worker may still decide by what it read a minute before.
KNOWN_AFTER_SECONDS = 120.0
IN_D365 = frozenset({"sent", "validated", "posted", "reversed"})
JUDGED_THERE = frozenset({"validation_failed", "changed_in_d365"})
ITEMS = {"1001": "D1001", "1002": "D1002"}
CLOSED = [["2018-12-01", "2018-12-31"]]
Change = tuple[str, str, str]


class ReferenceDesk:
    """Somebody at headquarters who blocks items, takes payment methods away and closes periods; and puts all of it right.

    since: what is wrong now, and from when. known: from when on the app must know of it: a reading that began later has ended.
    """

    def __init__(
        self,
        seed: int,
        headquarters: Headquarters,
        reference: Reference,
        effects: Effects,
        invariants: Invariants,
    ) -> None:
        self._rng = Random(f"reference desk {seed}")
        self._headquarters = headquarters
        self._reference = reference
        self._effects = effects
        self._setup = headquarters_setup()
        self._invariants = invariants
        self.since: dict[Change, float] = {}
        self.known: dict[Change, float] = {}

    async def change(self) -> None:
        """Change one thing, or put it right again."""
        company = self._rng.choice(sorted(COMPANY_OF.values()))
        what = self._rng.choice(("item", "item", "method", "period"))
        code = {"item": sorted(ITEMS), "method": sorted(METHOD_OF), "period": [""]}[what]
        one = (what, company, self._rng.choice(code))
        if one in self.since:
            await self._put_right(one)
        else:
            await self._headquarters.sim("setup", self._body(one, wrong=True))
            self.since[one] = asyncio.get_running_loop().time()
            self._effects.met[f"people took away {what}"] += 1
            self._effects.note(f"people took away {one}")

    async def put_all_right(self) -> None:
        """Put everything right that is wrong, also what a restored copy brought back."""
        for one in list(self.since):
            await self._put_right(one)
        for company in sorted(COMPANY_OF.values()):
            for what, codes in (("item", sorted(ITEMS)), ("method", sorted(METHOD_OF)), ("period", [""])):
                for code in codes:
                    await self._headquarters.sim("setup", self._body((what, company, code), wrong=False))

    def wrong_now(self) -> frozenset[Change]:
        """Give what is wrong at this moment, as a copy made now would have it."""
        return frozenset(self.since)

    def went_back(self, wrong: frozenset[Change]) -> None:
        """After a restore, that is wrong which was wrong in the copy, and a reading must be made before the app can know it."""
        now = asyncio.get_running_loop().time()
        self.since = dict.fromkeys(sorted(wrong), now)
        self.known.clear()

    async def read(self, services: Services) -> str:
        """Have the app read D365's reference data, if it is time; remember what it must know since."""
        began_at = asyncio.get_running_loop().time()
        answer = await read_reference(services)
        if "changed" in answer:
            self._effects.met["reference data read"] += 1
            ended_at = asyncio.get_running_loop().time()
            for one, since in self.since.items():
                if since < began_at:
                    self.known.setdefault(one, ended_at + KNOWN_AFTER_SECONDS)
        return answer

    async def _put_right(self, one: Change) -> None:
        self._check(one)
        await self._headquarters.sim("setup", self._body(one, wrong=False))
        self.since.pop(one, None)
        self.known.pop(one, None)
        self._effects.note(f"people put right {one}")

    def _check(self, one: Change) -> None:
        """None was sent that the app knew D365 must refuse."""
        known = self.known.get(one)
        if known is None:
            return
        there = self._headquarters.numbers()
        for versions in self._reference.versions.values():
            for version in versions.values():
                sent_at = self._reference.sent_at[version.mark]
                if version is not self._reference.counting(version.identity):
                    continue  # what is there under its number is another version
                if sent_at > known and _names(version, one) and not self._is_excused(one):
                    self._effects.met["sent what D365 must refuse, and it was held"] += 1
                    if self._place(version) in there and not self._reference.is_touched(version.number):
                        self._invariants.fail(f"{version.mark} was sent although {one} was known to be wrong")

    def _is_excused(self, one: Change) -> bool:
        """An item that is mapped to another one by now is not asked for under its old number."""
        return one[0] == "item" and one[2] == OTHER_ITEM["item"] and self._reference.is_mapped_anew

    def _place(self, version: Version) -> tuple[str, str]:
        return version.store, version.number

    def _body(self, one: Change, *, wrong: bool) -> dict[str, Any]:
        what, company, code = one
        if what == "item":
            rows = [
                row
                for row in self._setup["items"]
                if (row["dataAreaId"], row["ItemNumber"]) == (company, ITEMS[code])
            ]
            return {"items": [{**row, "Blocked": "Yes" if wrong else "No"} for row in rows]}
        if what == "period":
            rows = [row for row in self._setup["legal_entities"] if row["dataAreaId"] == company]
            return {"legal_entities": [{**row, "open_periods": CLOSED if wrong else PERIODS} for row in rows]}
        method = METHOD_OF[code]
        rows = [
            row for row in self._setup["tender_types"]
            if (row["dataAreaId"], row["PaymentMethodNumber"]) == (company, method)
        ]  # fmt: skip
        if not wrong:
            return {"tender_types": rows}
        there = self._headquarters.world.database.reference.tender_types
        keys = [[row["dataAreaId"], row["RetailChannelId"], row["PaymentMethodNumber"]] for row in rows]
        return {"removed": [{"section": "tender_types", "key": key} for key in keys if tuple(key) in there]}


def _names(version: Version, one: Change) -> bool:
    what, company, code = one
    if COMPANY_OF.get(version.store) != company or version.fate in (EXCLUDED, CASH):
        return False
    if what == "item":
        return code in version.goods
    return what == "period" or code in version.tenders


class Restorer:
    """Somebody who sets D365 back to a copy made earlier in the evening."""

    def __init__(
        self,
        seed: int,
        headquarters: Headquarters,
        reference: Reference,
        effects: Effects,
        tables: Any,
        desk: ReferenceDesk,
    ) -> None:
        self._rng = Random(f"restorer {seed}")
        self._desk = desk
        self._headquarters = headquarters
        self._reference = reference
        self._effects = effects
        self._tables = tables
        self.restored = False

    async def restore_once(self, hours: float) -> None:
        """Keep a copy at some time of the evening, and some time later bring it back."""
        rng = self._rng
        await asyncio.sleep(rng.uniform(0.2, 1.0) * (hours * 3600 + 2_400))
        await self._headquarters.sim("snapshot", {"name": "copy"})
        wrong = self._desk.wrong_now()
        await asyncio.sleep(rng.uniform(600.0, 5_400.0))
        before, posted = self._headquarters.numbers(), self._headquarters.posted()
        await self._headquarters.sim("restore", {"name": "copy"})
        self._desk.went_back(wrong)
        self.restored = True
        lost = before - self._headquarters.numbers()
        self._headquarters.forget_what_people_left()
        self._effects.met["D365 restored"] += 1
        self._effects.met["receipts D365 lost"] += len(lost)
        self._effects.note(f"D365 restored: {sorted(lost)}")
        self._reference.lost |= lost
        self._reference.unposted |= posted - self._headquarters.posted()
        self._reference.believed = lost & self._believed()
        self._reference.barred |= self._reference.believed
        self._reference.restored_at = asyncio.get_running_loop().time()

    def _believed(self) -> set[tuple[str, str]]:
        """Give what the app takes to be in D365 as it was sent."""
        return {
            (store, f"east:{row.values['TransactionId']}")
            for store, rows in self._tables.transactions._rows.items()
            if store in NUMBER_OF
            for row in rows.values()
            if row.values.get("Record") == "receipt"
            and (
                row.values["Status"] in IN_D365
                or (row.values["Status"] == "held" and row.values["Cause"] in JUDGED_THERE)
            )
        }
