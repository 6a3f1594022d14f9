"""Keep the slot moving when a package cannot be built: what cannot go is held or rests, the rest goes on."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import RejectedError
from shared.flows.posting.apply import rest_shifts, save_rows
from shared.flows.posting.build import content_of, mapped_again
from shared.flows.posting.material import sending_rows
from shared.retail.mapped import MappedTransaction
from shared.retail.reasons import cause
from shared.retail.status import Status
from shared.services import Services
from shared.settings import D365Settings
from shared.storage.causes import cause_row, fingerprint_of, open_causes, receipt_member
from shared.storage.protocols import Row
from shared.storage.receipts import advanced


async def set_aside(services: Services, package: str, shifts: Sequence[Row]) -> None:
    """Take out of a package what keeps it from being built: its shifts first, then the receipts that fail alone.

    Where none fails alone, all of them are held: two of them contradict each other, and nobody can tell which.
    """
    if shifts:
        await rest_shifts(services, shifts)
        return
    material = await sending_rows(services, package)
    good, _ = await services.in_thread(mapped_again, material)
    failing = await services.in_thread(_failing, services.settings.d365, package, [one for _, one in good])
    now = services.now()
    rows = []
    for row, mapped in good:
        text = failing.get(mapped.key.transaction_number) or (
            None if failing else "it contradicts another receipt"
        )
        if text is not None:
            why = cause("does_not_fit_d365", text[:200])
            await open_causes(services.tables.causes, [cause_row(why, receipt_member(row), now)])
            held = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint_of(why)}
            rows.append(advanced(row, Status.HELD, now, text[:300], Package=None, **held))
    await save_rows(services.tables.transactions, rows)


def _failing(d365: D365Settings, package: str, receipts: Sequence[MappedTransaction]) -> dict[str, str]:
    """Say which receipts cannot be built even alone, and why, by transaction number."""
    found = {}
    for one in receipts:
        try:
            content_of(d365, package, [one], [])
        except RejectedError as error:
            found[one.key.transaction_number] = str(error)
    return found
