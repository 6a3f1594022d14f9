"""Read everything a package is made of: its receipts' rows and documents, its shifts, and the mappings they need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.errors import RejectedError
from shared.flows.posting.apply import rows_of_members
from shared.flows.posting.build import Material, mapped_again
from shared.flows.posting.slot import Drive
from shared.retail.mapped import MappedTransaction
from shared.retail.status import IN_D365, Status
from shared.services import Services
from shared.storage.packages import PackageMember, read_members
from shared.storage.protocols import Row
from shared.storage.receipt_record import records_of_day
from shared.storage.shifts import SENDING, as_shifts, shifts_of_day


async def to_build(services: Services, drive: Drive) -> Material:
    """Read what the package is about to freeze: its receipts that are mapped and in no other package, its shifts."""
    package = drive.package.text("Package") if drive.package else ""
    material = await _material(services, package)
    material.receipts = [row for row in material.receipts if _belongs(row, package)]
    return material


def _belongs(row: Row, package: str) -> bool:
    """Say whether a receipt is still this package's: mapped and in none, or sending in this one."""
    status = row.text("Status")
    return status == Status.MAPPED or (status == Status.SENDING and row.text("Package") == package)


async def sending_rows(services: Services, package: str) -> Material:
    """Read the receipts that the package is sending, without its shifts."""
    material = await _material(services, package)
    material.receipts = [row for row in material.receipts if _is_sending(row, package)]
    material.shift_rows = []
    return material


async def being_sent(
    services: Services, drive: Drive
) -> tuple[Material, list[tuple[Row, MappedTransaction]]]:
    """Read again what the package is sending.

    Raises:
        RejectedError: a receipt can no longer be read as it was mapped.
    """
    package = drive.package.text("Package") if drive.package else ""
    material = await _material(services, package)
    material.sent_already = sum(1 for row in material.receipts if _is_in_d365(row, package))
    material.receipts = [row for row in material.receipts if _is_sending(row, package)]
    material.shift_rows = [row for row in material.shift_rows if _is_sending(row, package)]
    good, bad = await services.in_thread(mapped_again, material)
    if bad:
        raise RejectedError(
            f"{len(bad)} receipts of package {package} can no longer be read as they were mapped",
            field="package",
        )
    return material, good


def _is_sending(row: Row, package: str) -> bool:
    return row.text("Package") == package and row.text("Status") in (Status.SENDING, SENDING)


def _is_in_d365(row: Row, package: str) -> bool:
    return row.text("Package") == package and row.text("Status") in IN_D365


async def _material(services: Services, package: str) -> Material:
    environment = services.settings.d365.environment_id
    return await material_of(services, await read_members(services.tables.packages, environment, package))


async def material_of(services: Services, members: Sequence[PackageMember]) -> Material:
    """Read everything that these members are made of."""
    keys = [member for member in members if not member.is_shift]
    receipts = await rows_of_members(services, services.tables.transactions, keys)
    shift_rows = await rows_of_members(
        services, services.tables.shifts, [one for one in members if one.is_shift]
    )
    needed = max([row.number("MappingVersion") for row in receipts] or [0])
    days = _days([*receipts, *shift_rows])
    found = await services.together(
        *(shifts_of_day(services.tables.shifts, store, date.fromisoformat(day)) for store, day in days)
    )
    shift_days = _days(shift_rows)
    records = await services.together(
        *(
            records_of_day(services.tables.transactions, store, date.fromisoformat(day))
            for store, day in shift_days
        )
    )
    return Material(
        settings=services.settings.d365,
        mappings=await services.mappings.at_least(needed),
        shifts={key: as_shifts(rows) for key, rows in zip(days, found, strict=True)},
        receipts=receipts,
        shift_rows=shift_rows,
        records=dict(zip(shift_days, records, strict=True)),
        members=members,
    )


def _days(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return sorted({(row.partition, row.text("BusinessDay")) for row in rows})
