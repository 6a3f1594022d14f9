"""Compare what we use of D365 with what the environment shows, keep the answer, and post only while the contract holds.

The answer is kept for a day, for all workers of an environment, and for one version of our contract. Without a check that
was made and passed nothing is posted; a check that could not be made is D365's silence, and is made again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from shared.d365.addresses import environment_origin
from shared.d365.contract import (
    CONTRACT,
    Environment,
    Mismatch,
    compare,
    unannotated_sets,
    unknown_sets,
    with_public,
)
from shared.d365.edmx import environment_of
from shared.d365.entities import READ_AUDITABLE, READ_POSTED_STATEMENTS
from shared.errors import AccessRefusedError, RejectedError, RetryableError, ThrottledError
from shared.flows.posting.slot import Drive, is_waiting
from shared.flows.posting.trouble import end_causes, end_trouble, note_trouble, rest_after
from shared.retail.reasons import Cause, cause
from shared.services import Services
from shared.storage.causes import PACKAGE, Member, cause_row, open_causes
from shared.storage.keys import join_key
from shared.storage.packages import preflight_key
from shared.storage.protocols import Row, Value

GOOD_FOR = timedelta(hours=24)
CHECK_AGAIN = timedelta(minutes=15)
SHOWN_MAX = 100  # differences kept and shown; more than a few mean another product, not another release
# Without these D365 never says that a receipt is validated, or posted.
TELLING_SETS = {
    READ_AUDITABLE.odata_set: "whether its validation passed",
    READ_POSTED_STATEMENTS.odata_set: "whether it is posted",
}


@dataclass(frozen=True, slots=True)
class Preflight:
    """One check: when, of which contract, against which address, and what came out."""

    checked_at: datetime
    contract: str
    url: str
    mismatches: tuple[Mismatch, ...] = ()
    unknown: tuple[str, ...] = ()
    application_version: str = ""
    platform_version: str = ""
    states_lengths: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing that is needed differs."""
        return not any(one.blocks for one in self.mismatches)

    def is_current(self, now: datetime, url: str) -> bool:
        """Whether the answer still counts; one that refuses counts for less long than one that passed."""
        good_for = GOOD_FOR if self.holds else CHECK_AGAIN
        return self.contract == CONTRACT.version and self.url == url and self.checked_at + good_for > now

    def causes(self) -> dict[str, Cause]:
        """Give what IT has to put right, by fingerprintable place."""
        found = {
            one.where: cause("d365_contract_mismatch", one.where, expected=one.expected, found=one.found)
            for one in self.mismatches
            if one.blocks
        }
        for name in self.unknown:
            if name in TELLING_SETS:
                found[name] = cause("d365_evidence_missing", name, answer=TELLING_SETS[name])
        return found


async def contract_holds(services: Services, drive: Drive) -> bool:
    """Say whether posting may start a package, after a check where the kept answer is too old."""
    row = await services.tables.packages.read(*_kept_at(services))
    kept = _preflight_from(row)
    if kept is not None and kept.is_current(services.now(), _url(services)):
        return kept.holds
    if row is not None and is_waiting(row, services.now(), timedelta(0)):
        return False
    await drive.renew()
    try:
        made = await check_now(services)
    except (RetryableError, RejectedError) as error:
        await _check_failed(services, drive, error)
        return False
    await end_trouble(services, drive)
    return made.holds


async def _check_failed(services: Services, drive: Drive, error: RetryableError | RejectedError) -> None:
    """The check could not be made: tell IT as for any other call, and come back when D365 said, or soon."""
    services.log.warning("what D365 expects could not be compared: %s", error)
    code = "d365_call_refused" if isinstance(error, RejectedError | AccessRefusedError) else "d365_silent"
    code = "d365_throttled" if isinstance(error, ThrottledError) else code
    await note_trouble(services, drive, code, str(error))
    again = error if isinstance(error, RetryableError) else RetryableError(str(error))
    pause = await rest_after(services, drive, again)
    key = _kept_at(services)
    row = await services.tables.packages.read(*key) or Row(*key, values={"Record": "preflight"})
    await services.tables.packages.upsert(row.with_values(NextTry=services.now() + timedelta(seconds=pause)))
    await ring_for_posting(services, pause)


async def ring_for_posting(services: Services, after_seconds: float = 0) -> None:
    """Ring the environment's posting doorbell."""
    key = join_key("drive", services.settings.d365.environment_id)
    await services.ring(services.queues.posting_due, key, after_seconds=after_seconds)


async def check_now(services: Services) -> Preflight:
    """Ask the environment, compare, open and end causes, and keep the answer.

    Raises:
        RetryableError: D365 did not answer; nothing was kept.
        RejectedError: it refuses to show what it has.
    """
    made = await compare_now(services)
    await keep_preflight(services, made)
    return made


async def compare_now(services: Services) -> Preflight:
    """Ask the environment and compare; nothing is kept. Raises as `check_now`."""
    environment = await _environment(services)
    metadata = services.d365.metadata
    return Preflight(
        services.now(), CONTRACT.version, _url(services),
        compare(CONTRACT, environment)[:SHOWN_MAX], unknown_sets(CONTRACT, environment),
        await metadata.version("Application"), await metadata.version("PlatformBuild"),
        environment.states_lengths,
    )  # fmt: skip


async def _environment(services: Services) -> Environment:
    metadata = services.d365.metadata
    content = await metadata.edmx()
    environment = await services.in_thread(
        environment_of, content, CONTRACT.set_names, frozenset(CONTRACT.members)
    )
    sets = dict(environment.sets)
    for found in unannotated_sets(CONTRACT, environment):
        public = await metadata.public_entity(found.odata_type)
        if public is not None:
            sets[found.odata_set] = with_public(found, public)
    return replace(environment, sets=sets)


async def keep_preflight(services: Services, made: Preflight) -> None:
    """Write the answer down last: what is open is remembered before it is opened, so that the next check ends it."""
    table, key = services.tables.packages, _kept_at(services)
    row = await table.read(*key) or Row(*key, values={"Record": "preflight"})
    before: dict[str, str] = json.loads(row.text("Open", "{}"))
    now, causes = made.checked_at, made.causes()
    codes = {where: why.code for where, why in causes.items()}
    if before.keys() | codes.keys():
        await table.upsert(row.with_values(Open=json.dumps(before | codes)))
        member = Member(what=PACKAGE, store="", name="contract pre-flight", receipts=0)
        await open_causes(services.tables.causes, [cause_row(why, member, now) for why in causes.values()])
        for where in before.keys() - codes.keys():
            await end_causes(services, cause(before[where], where), "D365 has it again as we use it")
    await table.upsert(row.with_values(Open=json.dumps(codes), NextTry=None, **_values(made)))


def _values(made: Preflight) -> dict[str, Value]:
    return {
        "CheckedAt": made.checked_at, "Contract": made.contract, "D365Url": made.url, "Holds": made.holds,
        "Mismatches": json.dumps([asdict(one) for one in made.mismatches]), "Unknown": json.dumps(made.unknown),
        "ApplicationVersion": made.application_version, "PlatformVersion": made.platform_version,
        "StatesLengths": made.states_lengths,
    }  # fmt: skip


async def read_kept_preflight(services: Services) -> Preflight | None:
    """Give the last check that was made of this environment; None before the first."""
    return _preflight_from(await services.tables.packages.read(*_kept_at(services)))


def _preflight_from(row: Row | None) -> Preflight | None:
    if row is None or "CheckedAt" not in row.values:
        return None
    listed: list[Mapping[str, str | bool]] = json.loads(row.text("Mismatches"))
    mismatches = tuple(
        Mismatch(str(one["where"]), str(one["expected"]), str(one["found"]), one["blocks"] is True)
        for one in listed
    )
    return Preflight(
        row.instant("CheckedAt"), row.text("Contract"), row.text("D365Url"), mismatches,
        tuple(json.loads(row.text("Unknown"))), row.text("ApplicationVersion"), row.text("PlatformVersion"),
        row.flag("StatesLengths"),
    )  # fmt: skip


def _kept_at(services: Services) -> tuple[str, str]:
    """Give partition and key of the kept answer."""
    environment = services.settings.d365.environment_id
    return environment, preflight_key(environment)


def _url(services: Services) -> str:
    return environment_origin(services.settings.d365.url)
