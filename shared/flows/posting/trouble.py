"""D365's troubles as causes in front of IT: opened once, ended when it answers again; and a package's own history."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from shared.errors import RejectedError, RetryableError, ThrottledError
from shared.flows.posting.pace import STRIKES_MAX, pause_seconds
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
from shared.storage.protocols import Row

HISTORY_CHARS_MAX = 30_000
LONG_IMPORT = timedelta(hours=2)


async def note_trouble(services: Services, drive: Drive, code: str, problem: str = "") -> None:
    """Put D365's trouble before IT; it stays there until D365 answers again."""
    why = cause(code, services.settings.d365.environment_id, problem=problem[:500])
    known = set(drive.slot.text("Trouble").split())
    if code not in known:  # first, so that whoever drives next ends the cause
        await drive.remember(Trouble=" ".join(sorted(known | {code})))
    await open_package_cause(services, drive.package, why)


async def end_trouble(services: Services, drive: Drive) -> None:
    """D365 answered: end the troubles that are open, and be a step less careful."""
    codes = drive.slot.text("Trouble").split()
    for code in codes:
        await end_causes(services, cause(code, services.settings.d365.environment_id), "D365 answers again")
    strikes, slowed = drive.slot.number("Strikes"), drive.slot.number("Slowed")
    if codes or strikes or slowed:
        await drive.remember(Trouble=None, Strikes=None, Slowed=slowed - 1 if slowed > 1 else None)


async def rest_after(services: Services, drive: Drive, error: RetryableError) -> float:
    """Give how long D365 is to be left alone after an error, and remember to be more careful."""
    strikes = drive.slot.number("Strikes")
    pause = pause_seconds(error.wait_seconds, strikes, services.chance())
    if isinstance(error, ThrottledError):
        await drive.remember(Strikes=strikes + 1, Slowed=min(drive.slot.number("Slowed") + 1, STRIKES_MAX))
    elif error.wait_seconds is None:
        await drive.remember(Strikes=strikes + 1)
    return pause


async def tell_of_long_import(services: Services, drive: Drive) -> None:
    """Put an import that D365 does not end before IT, once."""
    package = drive.package
    if package is None or package.flag("TookLong") or "HandedOverAt" not in package.values:
        return
    if services.now() - package.instant("HandedOverAt") > LONG_IMPORT:
        page = await page_link(services, package)
        shown = package.with_values(**page)
        await open_package_cause(services, shown, cause("import_takes_long", package.text("Package")))
        await drive.save_package(TookLong=True, **page)


async def page_link(services: Services, package: Row) -> dict[str, str]:
    """Give the address of the import's page in D365, to be kept on the package's row; nothing where D365 gives none."""
    if package.text("Page") or not package.text("ExecutionId"):
        return {}
    try:
        page = await services.d365.execution_page(package.text("ExecutionId"))
    except ThrottledError:
        raise  # whoever asks for time gets it, whatever was asked
    except (RetryableError, RejectedError):
        return {}  # a convenience: nothing waits for it
    return {"Page": page} if page else {}


async def open_package_cause(services: Services, package: Row | None, why: Cause) -> None:
    """Open a cause that holds up a package, or, without one, whatever else D365 was asked for."""
    member = Member(
        what=PACKAGE,
        store="",
        name=package.text("Package") if package else "asking what D365 has",
        receipts=package.number("Receipts") or package.number("Members") if package else 0,
        amount=Decimal(package.text("Amount") or "0") if package else Decimal(0),
        link=package.text("Page") if package else "",
    )
    await open_causes(services.tables.causes, [cause_row(why, member, services.now())])


async def end_causes(services: Services, why: Cause, how: str) -> None:
    """End whatever a cause still holds, and say how it ended."""
    rows = [row async for row in cause_rows(services.tables.causes, fingerprint_of(why), "open")]
    await end_cause_rows(services.tables.causes, rows, services.now(), how)


def history(services: Services, drive: Drive, note: str) -> str:
    """Give a package's history with one more line."""
    before = drive.package.text("History") if drive.package else ""
    return f"{before}\n{services.now():%Y-%m-%dT%H:%M:%SZ} {note}"[-HISTORY_CHARS_MAX:]
