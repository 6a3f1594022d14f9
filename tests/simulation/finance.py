"""Finance: asks for reversals of posted receipts, asks again where nobody answered, and again when it was answered."""

from __future__ import annotations

import asyncio
from datetime import date
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from shared.errors import RejectedError
from shared.flows.reverse_transaction import reverse_transaction
from tests.simulation.invariants import Invariants
from tests.simulation.reference import Reference, Wish
from tests.simulation.tills import ZONES
from tests.simulation.workers import CallFailedError, Platform
from tests.unit.flow_services import DESK

WISHES_MAX = 4
REFUSED = "refused"


class Finance:
    """One desk of finance, at its own pace."""

    def __init__(
        self, seed: int, platform: Platform, tables: Any, reference: Reference, invariants: Invariants
    ) -> None:
        self._rng = Random(f"finance {seed}")
        self._platform = platform
        self._tables = tables
        self._reference = reference
        self._invariants = invariants
        self._at_work = 0

    @property
    def is_waiting(self) -> bool:
        """Say whether something that was asked for is not answered yet."""
        return self._at_work > 0

    async def ask(self) -> None:
        """Ask for the reversal of a posted receipt; now and then of one that is not posted, or is a reversal itself."""
        rows = [
            row
            for rows in self._tables.transactions._rows.values()
            for row in rows.values()
            if row.values.get("Record") == "receipt" and row.partition in ZONES
        ]
        posted = [row for row in rows if row.values["Status"] == "posted"]
        chosen = posted if self._rng.random() < 0.9 else rows
        if not chosen or len(self._reference.wishes) >= WISHES_MAX:
            return
        row = self._rng.choice(sorted(chosen, key=lambda one: (one.partition, str(one.key))))
        store, name = row.partition, str(row.values["TransactionId"])
        if (store, name) in self._reference.wishes or self._reference.touched.get(
            f"east:{name}"
        ) == "typed in":
            return  # an empty receipt typed in under its number makes D365's statement stand at a reversal: people's to end
        day = self._today(store) if self._rng.random() < 0.4 else None
        wish = Wish(store, name, with_replacement=self._rng.random() < 0.6, day=day)
        self._reference.wishes[store, name] = wish
        self._at_work += 1
        self._platform.spawn(self._pursue(wish))
        if self._rng.random() < 0.3:  # somebody else has the same idea at the same time
            self._at_work += 1
            self._platform.spawn(self._pursue(wish))

    def _today(self, store: str) -> date:
        return self._platform.now().astimezone(ZoneInfo(ZONES[store])).date()

    async def _pursue(self, wish: Wish) -> None:
        """Ask until there is an answer; ask again later, the same and its opposite."""
        try:
            answer = await self._answer(wish, with_replacement=wish.with_replacement)
            self._keep(wish, answer)
            if wish.refused or self._rng.random() < 0.5:
                return
            await asyncio.sleep(self._rng.choice((1.0, 600.0, 5_000.0)))
            self._keep(wish, await self._answer(wish, with_replacement=wish.with_replacement))
            other = await self._answer(wish, with_replacement=not wish.with_replacement)
            if other != REFUSED:
                self._invariants.fail(f"{wish.id} was reversed, and reversed otherwise: {other}")
        finally:
            self._at_work -= 1

    async def _answer(self, wish: Wish, *, with_replacement: bool) -> str:
        """Give the business day it counts for, or that it was refused."""

        async def flow(services: Any) -> str:
            try:
                found = await reverse_transaction(
                    services, wish.store, "east", wish.id, DESK, "the wrong item",
                    with_replacement=with_replacement, business_day=wish.day,
                )  # fmt: skip
            except RejectedError:
                return REFUSED
            if found is None:
                return REFUSED
            wanted = f"{wish.id}.new" if with_replacement else None
            if (found.reversal, found.replacement) != (f"{wish.id}.rev", wanted):
                self._invariants.fail(f"the reversal of {wish.id} was answered as {found}")
            return found.business_day.isoformat()

        while True:
            try:
                return str(await self._platform.call("reverse", flow))
            except CallFailedError:
                self._platform.effects.met["finance asked again"] += 1
                await asyncio.sleep(self._rng.uniform(5.0, 400.0))

    def _keep(self, wish: Wish, answer: str) -> None:
        if answer == REFUSED:
            if wish.told_day:
                self._invariants.fail(f"{wish.id} was reversed, and then it could not be")
            wish.refused = True
            self._platform.effects.met["reversal refused"] += 1
            return
        if wish.told_day not in ("", answer):
            self._invariants.fail(f"{wish.id} was reversed for {wish.told_day}, and then for {answer}")
        wish.told_day, wish.refused = answer, False
        self._platform.effects.met["reversals"] += 1
