"""The run from end to end: books first, then the day, its picture, the repair, the picture again, and the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.books import keep_books
from demo.checks import checks_table, compare_checks, expected_checks, keep_checks, make_checks
from demo.clock import Clock
from demo.compare import compare_findings, compare_statements, expected_findings
from demo.evidence import write_evidence
from demo.journey import STORE_ZONE
from demo.ledger import compare_ledger, read_ledger
from demo.options import Options
from demo.picture import Picture, all_proved, nothing_on_the_way, take_picture, wait_for_days
from demo.prepare import Prepared, prepare
from demo.progress import Progress
from demo.proof import proof_text, save_page, trail_text, worst_storeday
from demo.repair import Repair
from demo.report import chain_table, exceptions_text, stores_table, usage_table
from demo.rests import read_receipts, rests_table
from demo.setup_data import d365_setup, mapping_files
from demo.tables import item
from demo.tempo import speed_for_this_machine
from demo.trade import Trade, plant_faults
from demo.web import Desk, Headquarters, Tills
from demo.words import heading, introduction, plan_in_words, verdict
from demo.world import DESKS, GRACE_MINUTES, World, new_world, running

START_SECONDS = 8.0  # what the services are given to start before the virtual day begins
JOBS_EVERY_MINUTES = 20
GRACE = timedelta(minutes=GRACE_MINUTES)
SETTLES_WITHIN = timedelta(hours=16)


@dataclass(slots=True)
class Outcome:
    """What a run leaves behind."""

    pictures: dict[str, Picture] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    ledger: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    proofs: dict[str, Any] = field(default_factory=dict)
    trail: list[dict[str, Any]] = field(default_factory=list)
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)


async def run_day(options: Options) -> int:
    """Make the run and print it; give 0 when everything is as it should be, else 1."""
    progress = Progress(quiet=options.quiet)
    progress.step("reading the data, assigning what it does not hold, writing the books")
    prepared = prepare(options)
    folder = options.evidence.parent
    keep_books(prepared.books, folder / "books.json")
    print(introduction(prepared, options))
    world = new_world(folder)
    speed = options.speed or speed_for_this_machine()
    clock = Clock(prepared.begins, datetime.now(UTC) + timedelta(seconds=START_SECONDS), speed)
    progress.step(
        f"starting storage, D365's simulator and the app; a day will pass {speed:g} times faster than days do"
    )
    with running(world, clock, JOBS_EVERY_MINUTES):
        run = _Run(options, prepared, world, clock, progress)
        outcome = await run.whole()
        write_evidence(options.evidence, options, prepared, outcome.pictures, outcome.done, outcome.faults,
                       outcome.ledger, outcome.wrong, run.tills.counts, outcome.proofs, outcome.trail,
                       outcome.checks)  # fmt: skip
        print(verdict(prepared, outcome.wrong, options.evidence))
        if options.keep:
            await _keep(world, progress)
    return 1 if outcome.wrong else 0


class _Run:
    """One run's connections, and its steps in order."""

    def __init__(
        self, options: Options, prepared: Prepared, world: World, clock: Clock, progress: Progress
    ) -> None:
        self.options = options
        self.prepared = prepared
        self.clock = clock
        self.progress = progress
        self.tills = Tills(world.app_url, world.sender_secret, clock)
        self.desks = {name: Desk(world.app_url, name, world.keys[name]) for name in DESKS}
        self.headquarters = Headquarters(world.simulator_url, world.ca_file)
        self.outcome = Outcome()

    async def whole(self) -> Outcome:
        """Set up, trade, look, repair, look again, compare."""
        await self._set_up()
        trade = Trade(
            self.prepared, self.options.seed, self.tills, self.headquarters, self.clock, self.progress
        )
        await trade.run()
        self._note_lag(trade.behind)
        clean = self.prepared.plan.is_clean
        await self._settle(all_proved if clean else nothing_on_the_way)
        before = await self._look("THE DAY", "after close")
        if not clean:
            await self._repair(before)
        await self._show_evidence()
        await self._compare(clean=clean)
        return self.outcome

    def _note_lag(self, behind: timedelta) -> None:
        """Say so when this machine is too slow for the speed: then receipts are late that nobody planted."""
        if behind > GRACE:
            self.outcome.wrong.append(
                f"the tills were {behind.total_seconds() / 60:.0f} minutes behind at midnight: this machine is too "
                f"slow for --speed {self.clock.speed:g}; try --speed {self.clock.speed * 0.6:.0f}"
            )

    async def _set_up(self) -> None:
        self.progress.step("telling D365 and the app about stores, tills, tenders, taxes and items")
        plan, visits, messages = self.prepared.plan, self.prepared.visits, self.prepared.messages
        await self.headquarters.post("setup", d365_setup(visits, messages, plan.tender))
        await plant_faults(self.headquarters, plan)
        desk = self.desks["retail systems desk"]
        for kind, text in mapping_files(visits, messages, plan.warehouse_store).items():
            await desk.put_mapping(kind, text, "first import before the day")
        self.progress.step("the stores open")

    async def _settle(self, is_done: Any) -> None:
        """Wait until the day is over, compiled, and D365's jobs have done what they can."""
        over = self.prepared.ends + GRACE
        if self.clock.now() < over:
            self.progress.now(f"the stores are closed; statements at {over.astimezone(STORE_ZONE):%H:%M}")
        await self.clock.wait_until(over)
        reader = self.desks["auditor"]
        settled = await wait_for_days(
            reader, self.prepared, self.clock, self.progress, is_done, SETTLES_WITHIN
        )
        if not settled:
            hours = SETTLES_WITHIN.total_seconds() / 3600
            self.outcome.wrong.append(f"the day was not settled {hours:.0f} hours after it should have been")

    async def _look(self, title: str, when: str) -> Picture:
        """Read the day through the app and print it."""
        picture = await take_picture(self.desks["auditor"], self.prepared, self.clock)
        self.outcome.pictures[when] = picture
        receipts = sum(1 for one in self.prepared.messages if one.visit)
        parts = [
            heading(f"{title}, {when}"),
            stores_table(picture),
            exceptions_text(picture),
            chain_table(picture),
        ]
        print("\n\n".join([*parts, usage_table(picture, receipts)]), flush=True)
        made = self.outcome.checks[when] = await make_checks(self.desks["auditor"], self.prepared.days)
        print(f"\n{checks_table(made)}", flush=True)
        await self._show_proof(when, picture)
        return picture

    async def _show_proof(self, when: str, picture: Picture) -> None:
        """Show the proof of the store that was worst after close, then and after the repair, and keep its page."""
        storeday = self.outcome.proofs.get("storeday") or worst_storeday(picture)
        self.outcome.proofs["storeday"] = storeday
        statement = self.outcome.proofs[when] = picture.statements[storeday]
        path = await save_page(
            self.desks["auditor"], storeday, self.options.evidence.parent / when.replace(" ", "-")
        )
        print(f"\n{proof_text(statement)}\n\nIts page to print: {path}", flush=True)

    async def _repair(self, before: Picture) -> None:
        self.progress.step("the desks work through what waits for them")
        repair = Repair(self.desks, self.tills, self.clock, before)
        self.outcome.done = await repair.run(self.prepared.late)
        print("\n".join([heading("THE REPAIR"), *(item(one) for one in self.outcome.done)]), flush=True)
        await self._settle(all_proved)
        await self._look("THE DAY AGAIN", "after the repair")
        kept = await keep_checks(self.desks["finance desk"], self.prepared.days)
        if [one["by"] for one in kept] != ["finance desk"] * len(self.prepared.days):
            self.outcome.wrong.append("the daily checks were made and not kept")

    async def _show_evidence(self) -> None:
        """Every posted receipt must name the D365 statement it is in; what else is confirmed is counted and shown."""
        receipts = await read_receipts(
            self.desks["auditor"], [one for one in self.prepared.messages if one.visit]
        )
        print(f"\n{rests_table(receipts)}", flush=True)
        await self._show_trail(receipts)
        self.outcome.wrong += [
            f"receipt {one['receipt_number']} is posted, and names no D365 statement"
            for one in receipts
            if one["status"] == "posted" and not one["evidence"]
        ]

    async def _show_trail(self, receipts: Sequence[dict[str, Any]]) -> None:
        """Follow one receipt of the worst store from its printed number; every hash on its way must hold."""
        store, day = self.outcome.proofs["storeday"]
        mine = [one for one in receipts if (one["store"], one["business_day"]) == (store, day)]
        printed = next(
            (str(one["receipt_number"]) for one in mine if one.get("invoice")), str(mine[0]["receipt_number"])
        )
        text, self.outcome.trail = await trail_text(self.desks["auditor"], (store, day), printed)
        print(f"\n{text}", flush=True)
        if not self.outcome.trail or any(one["altered"] for one in self.outcome.trail):
            self.outcome.wrong.append(f"the trail of receipt {printed} is not whole")

    async def _compare(self, *, clean: bool) -> None:
        """Only now is the plan of troubles opened, and D365's ledger held against the books."""
        wrong, prepared = self.outcome.wrong, self.prepared
        self.outcome.faults = (await self.headquarters.read("faults"))["faults"]
        fired = [str(one["kind"]) for one in self.outcome.faults if one["fired"]]
        if self.options.stores is None:
            never = [one["kind"] for one in self.outcome.faults if not one["fired"]]
            wrong += [f"planted, but D365 was asked nothing then: {kind}" for kind in never]
        for when, picture in self.outcome.pictures.items():
            repaired = clean or when == "after the repair"
            expected = expected_findings(prepared, fired, repaired=repaired)
            wrong += [f"{when}: {one}" for one in compare_findings(picture, expected)]
            wrong += [f"{when}: {one}" for one in compare_statements(picture, prepared, repaired=repaired)]
            for day in prepared.days:
                wanted = expected_checks(prepared, day, picture, repaired=repaired)
                found = compare_checks(self.outcome.checks[when][day.isoformat()], wanted)
                wrong += [f"{when}: {one}" for one in found]
            if repaired:
                still = [one for one in picture.causes if one["state"] == "open"]
                wrong += [f"{when}: still open: {one['code']} {one['value']!r}" for one in still]
        wrong += [f"a till was answered {one}" for one in self.tills.counts.unexpected]
        self.outcome.ledger = await read_ledger(self.headquarters)
        wrong += compare_ledger(self.outcome.ledger, prepared)
        print(
            "\n".join([heading("WHAT WAS PLANTED"), *plan_in_words(prepared, self.outcome.faults)]),
            flush=True,
        )


async def _keep(world: World, progress: Progress) -> None:
    keys = [f"    {desk}: {world.keys[desk]}" for desk in DESKS]
    lines: Sequence[str] = [
        f"The app stays up at {world.app_url}/api, D365's simulator at {world.simulator_url}/_sim/, until Ctrl-C.",
        "Keys (Authorization: Bearer ...):",
        *keys,
    ]
    print("\n".join(lines), flush=True)
    progress.end()
    await asyncio.Event().wait()
