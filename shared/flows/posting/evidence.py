"""Ask D365 what it has of a package, and what it says went wrong: the evidence that read-back judges."""

from __future__ import annotations

from collections.abc import Sequence

from shared.d365.outcomes import EntityResult
from shared.d365.records import HeaderRow
from shared.flows.posting.read_back import errors_by_transaction, is_as_sent
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


async def may_go(services: Services, sent: Sequence[Sent]) -> list[Sent]:
    """Leave out what must not be sent over: a row from an earlier package that is posted, or is not as it was sent.

    Read-back judges those by their keys like all the others.
    """
    before = [mapped.key for row, mapped in sent if row.flag("SentBefore")]
    there = {one.key: one for one in await services.d365.headers_by_key(before)} if before else {}
    return [(row, mapped) for row, mapped in sent if is_as_sent(mapped, there.get(mapped.key))]


async def errors_of(
    services: Services, package: Row, results: Sequence[EntityResult]
) -> dict[str, list[str]]:
    """Ask for D365's messages and the keys it refused, only where something went wrong."""
    failing = [one for one in results if failed(one)]
    if not failing and package.text("FinalStatus") == "Succeeded":
        return {}
    execution = package.text("ExecutionId")
    messages = await services.d365.execution_errors(execution)
    keys = [key for one in failing for key in await services.d365.error_keys(execution, one.entity)]
    return errors_by_transaction(keys, messages)


def shifts_landed(results: Sequence[EntityResult]) -> bool:
    """Say whether D365 took every shift of the import."""
    return any(
        one.entity == "Shifts" and not failed(one) and (one.target_created or 0) + (one.target_updated or 0)
        for one in results
    )


def failed(result: EntityResult) -> int:
    """Count the rows that did not get through."""
    return (result.target_failed or 0) + (result.staging_failed or 0)
