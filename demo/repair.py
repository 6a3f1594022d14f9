"""What people do about it: each desk works through the causes it owns, by what the app tells it and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from demo.chain import NEW_TENDERS
from demo.clock import Clock
from demo.documents import Message
from demo.picture import Picture
from demo.setup_data import stores_csv, tenders_csv
from demo.tables import plural
from demo.web import AnswerError, Desk, Tills

Json = dict[str, Any]
ARRIVES_WITHIN = timedelta(hours=6)


class Repair:
    """One round of repairs. `done` says in words what was done."""

    def __init__(self, desks: Mapping[str, Desk], tills: Tills, clock: Clock, picture: Picture) -> None:
        self.desks = desks
        self.tills = tills
        self.clock = clock
        self.picture = picture
        self.done: list[str] = []

    async def run(self, kept_back: tuple[Message, ...]) -> list[str]:
        """Map, end, send and confirm; `kept_back` are the receipts that a till still has."""
        for cause in self._open("tender_unmapped"):
            await self._map_tender(cause)
        for cause in self._open("warehouse_missing"):
            await self._give_warehouse(cause)
        for cause in self._open("shift_overlap"):
            await self._end_shift(cause)
        for message in kept_back:
            await self._send_late(message)
        await self._confirm_lost()
        return self.done

    def _open(self, code: str) -> list[Json]:
        return [one for one in self.picture.causes if one["code"] == code and one["state"] == "open"]

    async def _map_tender(self, cause: Json) -> None:
        desk, value = self.desks["finance desk"], str(cause["value"])
        tender = NEW_TENDERS[value]
        reason = f"{tender.name} is paid out by its own company; account {tender.ledger_account} agreed"
        await desk.put_mapping("tenders", tenders_csv([(value, tender.method)]), reason)
        await self._release(desk, cause, f"mapped {value} to payment method {tender.method}")

    async def _give_warehouse(self, cause: Json) -> None:
        desk, store = self.desks["retail systems desk"], str(cause["value"])
        await desk.put_mapping(
            "stores", stores_csv([store]), "the warehouse was left out when the store was set up"
        )
        await self._release(desk, cause, f"gave store {store} its warehouse")

    async def _release(self, desk: Desk, cause: Json, what: str) -> None:
        answer = await desk.decide("causes", str(cause["fingerprint"]), "release", reason=what)
        self.done.append(
            f"{desk.name}: {what}; released {plural(answer['released'], 'receipt')}, {answer['amount']}"
        )

    async def _end_shift(self, cause: Json) -> None:
        """End the earlier of two overlapping shifts at the moment the later one was opened."""
        desk = self.desks["store operations desk"]
        store, day, terminal = (
            str(cause["members"][0][name]) for name in ("store", "business_day", "terminal")
        )
        shifts = [one for one in self.picture.statements[store, day]["shifts"] if one["terminal"] == terminal]
        for earlier, later in pairwise(shifts):
            since = datetime.fromisoformat(later["opened_at"])
            if earlier["closed_at"] and datetime.fromisoformat(earlier["closed_at"]) <= since:
                continue
            answer = await desk.decide(
                "shifts", store, terminal, str(earlier["shift"]), "end", at=later["opened_at"],
                reason="the store says the drawer was handed over when the next shift was opened",
            )  # fmt: skip
            what = (
                f"ended shift {earlier['shift']} of till {terminal}, store {store}, where the next one begins"
            )
            self.done.append(f"{desk.name}: {what}; released {plural(answer['released'], 'receipt')}")
        left = await desk.read("causes", str(cause["fingerprint"]))
        if left is not None and left["state"] == "open":
            await self._release(desk, cause, "the overlap is gone")

    async def _send_late(self, message: Message) -> None:
        """A till sends what it had kept back; its number is no longer missing once the day is compiled again."""
        await self.tills.send([message.document])
        number = message.document["receipt_number"]
        self.done.append(
            f"store {message.store}: till {message.terminal} sent receipt {number}, which it had kept back"
        )
        until = self.clock.now() + ARRIVES_WITHIN
        while any(message.sequence in _missing(one) for one in await self._missing_causes(message.store)):
            if self.clock.now() > until:
                raise AnswerError(f"receipt {number} arrived, but its number is still reported missing")
            await self.clock.wait(0.5)

    async def _confirm_lost(self) -> None:
        """What is still missing exists nowhere: the store operations desk confirms it as lost."""
        desk = self.desks["store operations desk"]
        for cause in await self._missing_causes(None):
            groups: dict[tuple[str, str, str], list[int]] = {}
            for member in cause["members"]:
                if member["state"] == "open":
                    till = (member["store"], member["business_day"], member["terminal"])
                    groups.setdefault(till, []).append(member["sequence_number"])
            for (store, day, terminal), numbers in sorted(groups.items()):
                await desk.decide(
                    "statements", store, day, "missing", terminal=terminal, sequence_numbers=sorted(numbers), decision="lost",
                    reason="the till's memory was replaced before they were sent; the store has searched",
                )  # fmt: skip
                words = ", ".join(str(number) for number in sorted(numbers))
                self.done.append(
                    f"{desk.name}: confirmed numbers {words} of till {terminal}, store {store}, as lost"
                )

    async def _missing_causes(self, store: str | None) -> list[Json]:
        desk = self.desks["store operations desk"]
        listed = await desk.read("causes", state="open") or {}
        found = []
        for one in listed.get("causes", []):
            if one["code"] == "receipts_missing" and (store is None or store in one["stores"]):
                cause = await desk.read("causes", str(one["fingerprint"]))
                if cause is not None:
                    found.append(cause)
        return found


def _missing(cause: Json) -> set[int]:
    return {one["sequence_number"] for one in cause["members"] if one["state"] == "open"}
