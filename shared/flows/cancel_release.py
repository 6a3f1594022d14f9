"""Stop a release that is running, before its next part: what went has gone, what did not stays held."""

from __future__ import annotations

from typing import Any

from shared.errors import AnotherWasFirstError, RetryableError
from shared.flows.releasing.drive import drive, is_driven, read_run, take_over
from shared.flows.releasing.told import release_json
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.protocols import Row, Value
from shared.storage.releases import RUNNING, save_release

WRITES_MAX = 8


async def cancel_release(
    services: Services, fingerprint: str, number: int, person: Person, reason: str
) -> dict[str, Any] | None:
    """Cancel a release and give how it stands; None when there is no such one. A second time is the same.

    Raises:
        AnotherWasFirstError: it has come to its end.
    """
    for _ in range(WRITES_MAX):
        run = await read_run(services, fingerprint, number)
        if run is None or run.text("CancelledBy"):
            return release_json(run) if run is not None else None
        if run.text("State") != RUNNING:
            raise AnotherWasFirstError(
                f"this release is {run.text('State')}: {run.number('Went')} receipts went on their way"
            )
        now = services.now()
        await append_audit(
            services.tables.audit, "releases", now, who=person.name, did="cancelled a release", reason=reason,
            evidence=f"{fingerprint}, release {number}",
        )  # fmt: skip
        named: dict[str, Value] = {
            "CancelledBy": person.name,
            "CancelledAt": now,
            "CancelledWhy": reason[:2000],
        }
        saved = await save_release(services.tables.releases, run.with_values(**named))
        if saved is not None:
            return release_json(await _end_if_nobody_drives_it(services, saved))
    raise RetryableError("the release goes on too fast to be cancelled just now")


async def _end_if_nobody_drives_it(services: Services, run: Row) -> Row:
    if is_driven(services, run):
        return run
    mine = await take_over(services, run)
    return await drive(services, mine, None) if mine is not None else run
