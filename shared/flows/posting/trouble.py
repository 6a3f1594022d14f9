"""D365's troubles as causes in front of IT: opened once, ended when it answers again; and a package's own history."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from shared.flows.posting.slot import Drive
from shared.retail.reasons import Cause, cause
from shared.services import Services
from shared.storage.causes import (
    PACKAGE,
    Member,
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)


async def note_trouble(services: Services, drive: Drive, code: str, pause: float) -> float:
    """Put D365's trouble before IT, once, and wait."""
    environment = services.settings.d365.environment_id
    await open_package_cause(services, drive, cause(code, environment))
    return pause


async def open_package_cause(services: Services, drive: Drive, why: Cause) -> None:
    package = drive.package
    member = Member(
        what=PACKAGE,
        store="",
        name=package.text("Package") if package else "no package",
        receipts=package.number("Receipts") or package.number("Members") if package else 0,
        amount=Decimal(package.text("Amount") or "0") if package else Decimal(0),
    )
    await open_causes(services.tables.causes, [cause_row(why, member, services.now())])


async def end_trouble(services: Services, codes: Sequence[str]) -> None:
    """D365 answers again: end its open troubles. Looked up only when this worker saw one."""
    environment = services.settings.d365.environment_id
    for code in codes:
        await end_causes(services, cause(code, environment), "D365 answers again")


async def end_causes(services: Services, why: Cause, how: str) -> None:
    rows = [row async for row in cause_rows(services.tables.causes, fingerprint_of(why), "open")]
    await end_cause_rows(services.tables.causes, rows, services.now(), how)


def history(services: Services, drive: Drive, note: str) -> str:
    before = drive.package.text("History") if drive.package else ""
    return f"{before}\n{services.now():%Y-%m-%dT%H:%M:%SZ} {note}"[-30_000:]
