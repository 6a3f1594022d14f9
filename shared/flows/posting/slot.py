"""The one package slot of a D365 environment. It is freed by an observed end, never by time; a lease says who drives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.errors import ChangedMeanwhileError, NotThereError, RetryableError, UnknownOutcomeError
from shared.services import Services
from shared.storage.packages import SLOT_FREE, SLOT_TAKEN, package_key, preflight_key, read_slot, tracking_key
from shared.storage.protocols import Row, Value

LEASE_SECONDS = 90  # machine seconds; renewed before every step that touches D365


class LostLeaseError(Exception):
    """Another worker drives the slot now; this one stops where it is."""


@dataclass(slots=True)
class Drive:
    """A worker's hold on the slot and on the package in it. Every write is fenced by the rows' ETags."""

    services: Services
    slot: Row
    package: Row | None

    async def renew(self) -> None:
        """Prove that this worker still drives, and go on doing so. Raises LostLeaseError when it does not."""
        until = self.services.now() + self.services.clock.patience(LEASE_SECONDS)
        await self._save_slot(LeaseUntil=until)

    async def _save_slot(self, **changes: Value | None) -> None:
        row = self.slot.with_values(**changes)
        try:
            etag = await self.services.tables.packages.replace(row, self.slot.etag)
        except (ChangedMeanwhileError, NotThereError) as error:
            raise LostLeaseError from error
        self.slot = replace(row, etag=etag)

    async def save_package(self, **changes: Value | None) -> None:
        """Write the package's next state. Raises LostLeaseError when another worker wrote it."""
        if self.package is None:
            raise LostLeaseError
        row = self.package.with_values(**changes)
        try:
            etag = await self.services.tables.packages.replace(row, self.package.etag)
        except (ChangedMeanwhileError, NotThereError) as error:
            raise LostLeaseError from error
        self.package = replace(row, etag=etag)

    async def save_after(self, said: Exception, **changes: Value | None) -> None:
        """Write the package's next state after D365 would not take it. What D365 said is raised where storage fails at that:
        its time to come back counts all the same. A package that stays as it was is asked about before it is sent again.
        """
        try:
            await self.save_package(**changes)
        except (RetryableError, UnknownOutcomeError):
            if isinstance(said, RetryableError):
                raise said from None
            raise

    async def take(self, package: str, started_at: datetime, *, more: bool) -> None:
        """Put a package into the free slot. more: others wait that it does not hold, so the next may follow at once."""
        epoch = self.slot.number("Epoch") + 1
        await self._save_slot(
            State=SLOT_TAKEN,
            Package=package,
            StartedAt=started_at,
            Epoch=epoch,
            Polls=0,
            More=True if more else None,
        )
        await self.read_package()

    async def read_package(self) -> None:
        """Read the package that is in the slot."""
        environment = self.services.settings.d365.environment_id
        key = package_key(environment, self.slot.text("Package"))
        self.package = await self.services.tables.packages.read(environment, key)

    async def free(self) -> None:
        """Empty the slot: the end of its package was observed, or there was nothing to put into it."""
        now = self.services.now()
        await self._save_slot(
            State=SLOT_FREE, Package=None, LeaseOwner=None, LeaseUntil=None, NextTry=None, FreedAt=now
        )

    async def let_go(self, next_try: datetime) -> None:
        """Stop driving until then; the package stays in its slot."""
        polls = self.slot.number("Polls") + 1
        await self._save_slot(LeaseOwner=None, LeaseUntil=None, NextTry=next_try, Polls=polls)

    async def remember(self, **values: Value | None) -> None:
        """Keep on the slot what whoever drives next must know: open troubles, how careful to be, how large a package."""
        await self._save_slot(**values)


async def take_lease(services: Services, slot: Row | None = None) -> Drive | None:
    """Become the slot's driver; None while another worker is. slot: as just read."""
    if slot is None:
        slot = await read_slot(services.tables.packages, services.settings.d365.environment_id)
    now = services.now()
    if "LeaseUntil" in slot.values and slot.instant("LeaseUntil") > now:
        return None
    drive = Drive(services, slot, None)
    until = now + services.clock.patience(LEASE_SECONDS)
    try:
        await drive._save_slot(LeaseOwner=services.token_hex(8), LeaseUntil=until)
    except LostLeaseError:
        return None
    if drive.slot.text("State") == SLOT_TAKEN:
        await drive.read_package()
    return drive


def is_waiting(slot: Row, now: datetime, slack: timedelta) -> bool:
    """Say whether the package in the slot is still to be left alone."""
    return "NextTry" in slot.values and slot.instant("NextTry") + slack > now


async def tracking_waits_until(services: Services) -> datetime | None:
    """Give until when tracking was told to leave D365 alone: what D365 says to one request holds for all of ours."""
    environment = services.settings.d365.environment_id
    row = await services.tables.packages.read(environment, tracking_key(environment))
    if row is None or "d365_throttled" not in row.text("Trouble").split():
        return None
    return row.instant("NextTry") if is_waiting(row, services.now(), timedelta(0)) else None


async def is_throttled(services: Services) -> bool:
    """Say whether posting or tracking was told to come back later: that holds for every request of ours."""
    table, environment, now = services.tables.packages, services.settings.d365.environment_id, services.now()
    slot = await read_slot(table, environment)
    if await tracking_waits_until(services) is not None:
        return True
    if "d365_throttled" not in slot.text("Trouble").split():
        return False
    checking = await table.read(environment, preflight_key(environment))
    return any(row is not None and is_waiting(row, now, timedelta(0)) for row in (slot, checking))
