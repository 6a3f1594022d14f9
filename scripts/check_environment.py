"""Check a first real D365 without writing anything: python -m scripts.check_environment

It reads the app's own settings from the environment variables, signs in as the app does, and makes reading calls and
questions about an import that never was. Its lines carry the numbers of docs/what-only-a-sandbox-can-prove.md. It ends with 1
where something differs from what the app assumes.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.d365.client import D365Client
from shared.d365.contract import CONTRACT, Environment, Mismatch, compare, unknown_sets, with_public
from shared.d365.edmx import action_names, environment_of, set_names
from shared.d365.entities import ENTITIES, ENUM_MEMBERS
from shared.d365.evidence_sets import EVIDENCE_SETS
from shared.errors import (
    AccessRefusedError,
    RejectedError,
    RetryableError,
    SettingsError,
    UnknownOutcomeError,
)
from shared.services import open_d365
from shared.settings import read_settings

HOLDS, DIFFERS, UNKNOWN, READ = "holds", "DIFFERS", "unknown", "read it"
NEVER = "Tillpost-never-started"
# Enumerations of which no source knows all members (D365 facts §2.1).
OPEN_ENUMS = (
    "RetailTransactionValidationStatus", "RetailTransactionOrderTypes", "RetailTenderVoidStatus",
    "RetailStaffTerminalTotal", "RetailStatementType", "RetailIncomeExpense",
    "RetailEodTransactionAggregationHeaderPostingStatus",
)  # fmt: skip
CASH_SETS = re.compile(r"(?i)bankedtender|safetender")
POSTING_ACTIONS = re.compile(r"(?i)retail.*(statement|validat)|statement.*(post|calculate|validat)")
JOURNAL_ACTIONS = re.compile(r"(?i)(post.*invent|invent.*post).*journal|journal.*post")
LOST = (RejectedError, AccessRefusedError)
Outcome = tuple[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read once for all checks."""

    client: D365Client
    edmx: bytes
    environment: Environment
    mandatory: Mapping[str, Sequence[str]]

    def mismatches(self) -> tuple[Mismatch, ...]:
        return compare(CONTRACT, self.environment)


async def look(client: D365Client) -> Seen:
    """Read `$metadata`, and what /metadata says of each written entity."""
    content = await client.metadata.edmx()
    environment = environment_of(content, CONTRACT.set_names, frozenset(CONTRACT.members))
    sets, mandatory = dict(environment.sets), {}
    for name in CONTRACT.written_sets:
        public = await client.metadata.public_entity(sets[name].odata_type) if name in sets else None
        if public is not None:
            sets[name] = with_public(sets[name], public)
            mandatory[name] = sorted(one.name for one in sets[name].fields.values() if one.is_mandatory)
    return Seen(client, content, Environment(sets, environment.members), mandatory)


async def names(seen: Seen) -> Outcome:
    found = [
        one for one in seen.mismatches() if "length" not in one.expected and "number " not in one.expected
    ]
    lines = [f"{one.where}: expected {one.expected}, found {one.found}" for one in found]
    return (DIFFERS if found else HOLDS), lines


async def lengths(seen: Seen) -> Outcome:
    if not seen.environment.states_lengths:
        return UNKNOWN, [
            "no length is stated; a value of full length and one of one more must go through a package"
        ]
    found = [one for one in seen.mismatches() if one.expected.startswith("length")]
    return (DIFFERS if found else HOLDS), [f"{one.where}: {one.expected}, found {one.found}" for one in found]


async def open_members(seen: Seen) -> Outcome:
    lines = []
    for name in OPEN_ENUMS:
        members = await seen.client.metadata.public_enumeration(name)
        lines.append(f"{name}: {', '.join(members) if members else 'not there'}")
    return READ, lines


async def readable(seen: Seen) -> Outcome:
    lines = []
    for name in sorted(CONTRACT.set_names):
        refusal = await seen.client.metadata.can_be_read(name)
        lines += [f"{name}: {refusal}"] if refusal else []
    return (UNKNOWN if lines else HOLDS), lines


async def evidence_sets(seen: Seen) -> Outcome:
    absent = set(unknown_sets(CONTRACT, seen.environment)) & {one.odata_set for one in EVIDENCE_SETS}
    return (UNKNOWN if absent else HOLDS), [f"{name} is not shown" for name in sorted(absent)]


async def shift_columns(seen: Seen) -> Outcome:
    found = seen.environment.sets.get("RetailPosBatches")
    there = [name for name in ("Posted", "StatementId") if found is not None and name in found.fields]
    return READ, [f"RetailPosBatches shows {', '.join(there) or 'neither Posted nor StatementId'}"]


async def signed_in(seen: Seen) -> Outcome:
    status = await seen.client.execution_status(NEVER)
    return HOLDS, [f"signed in; an import that never was is {status or 'not found'}"]


async def filter_on_comment(seen: Seen) -> Outcome:
    try:
        found = await seen.client.headers_of_package(NEVER)
    except LOST as error:
        return DIFFERS, [str(error)]
    return HOLDS, [f"{len(found)} headers of a package that never was"]


async def filters(seen: Seen) -> Outcome:
    days = {date(2020, 1, 1), date(2020, 1, 3)}
    client = seen.client
    asked: dict[str, Awaitable[Sequence[object]]] = {
        "receipts of two days apart": client.auditable(datetime.now(UTC) - timedelta(days=1), days),
        "shifts in error": client.shift_states(),
        "tills being closed": client.terminal_states(),
        "invoices of an order": client.invoices([NEVER]),
        "vouchers of a statement": client.vouchers([NEVER]),
        "lines of a voucher": client.ledger_lines([NEVER]),
    }
    lines = []
    for what, question in asked.items():
        try:
            await question
        except LOST as error:
            lines.append(f"{what}: {error}")
    return (UNKNOWN if lines else HOLDS), lines


async def import_lists(seen: Seen) -> Outcome:
    lines = [
        f"job details: {await seen.client.metadata.can_be_read('DataManagementExecutionJobDetails') or 'readable'}"
    ]
    for what, question in (
        ("status list", seen.client.entity_results(NEVER)), ("messages", seen.client.execution_errors(NEVER)),
    ):  # fmt: skip
        try:
            lines.append(f"{what} of an import that never was: {await question}")
        except LOST as error:
            lines.append(f"{what} of an import that never was: {error}")
    return READ, lines


async def posting_actions(seen: Seen) -> Outcome:
    found = [name for name in action_names(seen.edmx) if POSTING_ACTIONS.search(name)]
    return (DIFFERS if found else HOLDS), found


async def journal_actions(seen: Seen) -> Outcome:
    return READ, [name for name in action_names(seen.edmx) if JOURNAL_ACTIONS.search(name)] or ["none"]


async def declarations(seen: Seen) -> Outcome:
    public = await seen.client.metadata.public_entity("RetailTransactionAuditableTenderDeclaration")
    if public is None:
        return UNKNOWN, ["no such entity"]
    return READ, [
        "read-only" if public.get("IsReadOnly") is True else "says it can be written; insert one to know"
    ]


async def cash_sets(seen: Seen) -> Outcome:
    found = [name for name in set_names(seen.edmx) if CASH_SETS.search(name)]
    return (DIFFERS if found else HOLDS), found


async def stated_lengths(seen: Seen) -> Outcome:
    count = sum(
        1 for found in seen.environment.sets.values() for one in found.fields.values() if one.length_max
    )
    return READ, [f"{count} fields of our sets state a length"]


async def mandatory_fields(seen: Seen) -> Outcome:
    return READ, [f"{name}: {', '.join(fields)}" for name, fields in seen.mandatory.items()]


async def member_numbers(seen: Seen) -> Outcome:
    found = [one for one in seen.mismatches() if one.where.partition(".")[0] in ENUM_MEMBERS]
    return (DIFFERS if found else HOLDS), [f"{one.where}: {one.expected}, found {one.found}" for one in found]


async def labels(seen: Seen) -> Outcome:
    lines, verdict = [], HOLDS
    for label, entity in ENTITIES.items():
        found = await seen.client.metadata.label_of(entity.odata_set)
        if found != label:
            verdict = UNKNOWN
            lines.append(
                f"{entity.odata_set}: packages say “{label}”, the label here is “{found or 'not told'}”"
            )
    return verdict, lines


async def versions(seen: Seen) -> Outcome:
    told = {one: await seen.client.metadata.version(one) for one in ("Application", "PlatformBuild")}
    return READ, [f"{one}: {version or 'not told'}" for one, version in told.items()]


Check = Callable[[Seen], Awaitable[Outcome]]
CHECKS: dict[int, tuple[str, Check]] = {
    1: ("names, types, keys, rights to write", names),
    2: ("lengths", lengths),
    4: ("members of enumerations nobody knows in full", open_members),
    5: ("sets that can be read", readable),
    7: ("what a shift shows of its posting", shift_columns),
    8: ("signing in, and the package interface", signed_in),
    9: ("the filter that read-back rests on", filter_on_comment),
    21: ("lists of an import", import_lists),
    43: ("actions that validate, calculate or post", posting_actions),
    49: ("tender declarations", declarations),
    50: ("sets of banked and safe tender", cash_sets),
    55: ("actions that post a journal", journal_actions),
    57: ("sets that confirm effects", evidence_sets),
    58: ("whether lengths are stated", stated_lengths),
    59: ("mandatory fields", mandatory_fields),
    60: ("numbers of enumeration members", member_numbers),
    61: ("labels of entities, as a hint", labels),
    62: ("versions", versions),
    64: ("filters of tracking", filters),
}


async def report(client: D365Client) -> int:
    """Run every check, print each with its number, and give how many differ."""
    seen = await look(client)
    differing = 0
    for number, (title, check) in CHECKS.items():
        try:
            verdict, lines = await check(seen)
        except (RetryableError, RejectedError, UnknownOutcomeError) as error:
            verdict, lines = UNKNOWN, [str(error)]
        differing += verdict == DIFFERS
        print(f"{number:>3}  {verdict:<8} {title}")
        for line in lines:
            print(f"{'':14}{line}")
    print(f"\n{len(CHECKS)} checks, {differing} differ. The others of the page need a person and a write.")
    return differing


async def _main() -> int:
    settings = read_settings(os.environ)
    print(f"D365 at {settings.d365.url} ({settings.d365.environment_id}); nothing is written there.\n")
    client = open_d365(settings.d365, settings.clock, settings.storage.client_id)
    try:
        return 1 if await report(client) else 0
    finally:
        await client.close()


def main() -> int:
    """Run; give the exit code: 0 nothing differs, 1 something does, 2 it could not be looked at."""
    try:
        return asyncio.run(_main())
    except (SettingsError, RetryableError, RejectedError) as error:
        print(f"check_environment: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
