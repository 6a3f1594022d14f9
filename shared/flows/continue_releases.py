"""Carry on every release that nobody drives any more: its worker died, or it was too long for one call."""

from __future__ import annotations

from shared.flows.releasing.drive import drive, is_driven, read_run, take_over
from shared.flows.releasing.part import MapDay
from shared.services import Services
from shared.storage.releases import RUNNING, end_mark, running_releases

# A mark is written before its release; so long nobody takes between the two (host.json: a run lives ten minutes).
OLD_ENOUGH_SECONDS = 700


async def continue_releases(services: Services, map_day: MapDay) -> int:
    """Carry on what stands still; give how many releases. One query where nothing runs."""
    carried = 0
    for mark in await running_releases(services.tables.releases):
        fingerprint, number = mark.text("Fingerprint"), mark.number("Number")
        run = await read_run(services, fingerprint, number)
        if run is None:
            if (mark.age_seconds or 0) > OLD_ENOUGH_SECONDS:
                await end_mark(services.tables.releases, fingerprint, number)
        elif run.text("State") != RUNNING:
            await end_mark(services.tables.releases, fingerprint, number)
        elif not is_driven(services, run):
            mine = await take_over(services, run)
            if mine is not None:
                await drive(services, mine, map_day)
                carried += 1
    return carried
