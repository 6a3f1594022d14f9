"""Ask D365 what it has of a package, and what it says went wrong: the evidence that read-back judges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from shared.d365.outcomes import EntityResult
from shared.d365.records import HeaderRow
from shared.errors import RejectedError
from shared.flows.posting.read_back import errors_by_transaction
from shared.retail.mapped import MappedTransaction
from shared.services import Services
from shared.storage.protocols import Row

Sent = tuple[Row, MappedTransaction]


async def headers_of(services: Services, package: str, sent: Sequence[Sent]) -> list[HeaderRow]:
    """Give the headers D365 has of what was sent: those that carry the package, and, of the rest, those under its keys."""
    if not sent:
        return []
    found = await services.d365.headers_of_package(package)
    there = {header.key for header in found}
    missing = [mapped.key for _, mapped in sent if mapped.key not in there]
    return found + (await services.d365.headers_by_key(missing) if missing else [])


async def may_go(services: Services, sent: Sequence[Sent], *, sent_before: bool) -> list[Sent]:
    """Leave out what must not be sent over: D365 has a header under its key, whoever wrote it, or rows of an earlier
    sending without one. Read-back judges those by their keys, like all the others, and completes what is not whole.

    sent_before: the package itself has been sent before, so all of its receipts may have rows there.
    """
    there = {one.key for one in await services.d365.headers_by_key([mapped.key for _, mapped in sent])}
    absent = [(row, mapped) for row, mapped in sent if mapped.key not in there]
    doubtful = [mapped.key for row, mapped in absent if sent_before or row.flag("SentBefore")]
    if not doubtful:
        return absent
    children = await services.d365.children_by_key(doubtful)
    half = {key for key, rows in children.items() if any(rows.values())}
    return [(row, mapped) for row, mapped in absent if mapped.key not in half]


async def errors_of(
    services: Services, package: Row, results: Sequence[EntityResult], *, with_keys: bool = True
) -> dict[str, list[str]]:
    """Ask for D365's messages and the keys it refused, only where something went wrong.

    with_keys: whether the files of refused keys are waited for; without them the receipts' own rows tell.

    Raises:
        StillWritingError: D365 has not written such a file yet.
    """
    failing = [one for one in results if failed(one)]
    if not failing and package.text("FinalStatus") == "Succeeded":
        return {}
    execution = package.text("ExecutionId")
    messages = await services.d365.execution_errors(execution)
    asked = failing if with_keys else []
    try:
        keys = [key for one in asked for key in await services.d365.error_keys(execution, one.entity)]
    except RejectedError as error:
        services.log.warning("D365 does not give whose rows failed: %s", error)
        keys = []
    return errors_by_transaction(keys, messages)


def short_of(
    results: Sequence[EntityResult], rows_sent: Mapping[str, int], *, are_named: bool = True
) -> frozenset[str]:
    """Give the entities of which D365 does not count as many rows as were sent: those it took and those it names as failed.

    `Succeeded` is no proof; nor is a count that D365 does not give. are_named: whether D365 said whose rows failed; where it
    did not, any receipt may lack them.
    """
    counted = {one.entity: one for one in results}
    return frozenset(
        label
        for label, count in rows_sent.items()
        if label not in counted or not _accounts_for(counted[label], count, are_named=are_named)
    )


def _accounts_for(result: EntityResult, count: int, *, are_named: bool) -> bool:
    if result.target_created is None or result.target_updated is None:
        return False
    named = failed(result) if are_named else 0
    return result.target_created + result.target_updated + named >= count


def rows_sent(package: Row) -> dict[str, int]:
    """Read how many rows of each entity the package's last attempt held."""
    return {str(label): int(count) for label, count in json.loads(package.text("Rows") or "{}").items()}


def failed(result: EntityResult) -> int:
    """Count the rows that did not get through."""
    return (result.target_failed or 0) + (result.staging_failed or 0)
