"""Reading back from D365, always across companies and stores, page by page, only with the fields we use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import TypeVar
from urllib.parse import urlsplit

from shared.d365 import entities, records
from shared.d365.addresses import same_origin
from shared.d365.entities import ReadSet
from shared.d365.evidence_sets import (
    READ_SHIFT_STATES,
    READ_TERMINAL_STATES,
)
from shared.d365.multipart import rows_in
from shared.d365.odata import Member, all_of, any_of, condition
from shared.d365.outcomes import EntityResult, entity_results_of
from shared.d365.records import (
    AuditableRow,
    HeaderRow,
    ShiftState,
    TerminalState,
)
from shared.d365.wire import Wire
from shared.errors import RejectedError, RetryableError
from shared.retail.mapped import D365Key

PAGES_MAX = 1_000
SPELLS_MAX = 20
_ROWS_A_PAGE = "odata.maxpagesize=10000"
_CROSS_COMPANY = {"cross-company": "true"}
Found = TypeVar("Found")


class Reader:
    """Everything D365 is asked for. A set that an environment does not expose answers with a
    RejectedError.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def headers_of_package(self, package: str) -> list[HeaderRow]:
        """Give every header that carries this package id, of any store."""
        where = condition("Comment", "eq", package)
        rows = await self._read("read_back", entities.READ_HEADERS, where, records.header_row)
        return [row for row in rows if row.package == package]

    async def lines_that_came_back(self, key: D365Key) -> frozenset[int]:
        """Give the numbers of a receipt's lines that some other receipt in D365 returns."""
        where = all_of(
            (
                condition("dataAreaId", "eq", key.legal_entity),
                condition("ReturnOperatingUnitNumber", "eq", key.operating_unit),
                condition("ReturnTerminal", "eq", key.terminal),
                condition("ReturnTransactionNumber", "eq", key.transaction_number),
            )
        )
        rows = await self._read("read_returns", entities.READ_RETURNS, where, records.returned_line)
        return frozenset(line for number, line in rows if number == key.transaction_number)

    async def auditable(self, since: datetime | None, days: Collection[date]) -> list[AuditableRow]:
        """Give receipts of these business days as headquarters judges them.

        since: only those validated at or after this instant; None for all, also those not validated. A
        statement that picks a receipt up does not touch its validation time: use None to learn of statements.
        """
        if not days:
            return []
        conditions = [any_of(f"({all_of(_during(first, last))})" for first, last in _spells(days))]
        if since is not None:
            conditions.append(condition("LastValidationTime", "ge", since))
        rows = await self._read(
            "auditable", entities.READ_AUDITABLE, all_of(conditions), records.auditable_row
        )
        return [row for row in rows if row.business_day in days]

    async def shift_states(self) -> list[ShiftState]:
        """Give the shifts that headquarters has something against, of any store."""
        in_error = condition("ErrorCode", "ne", Member("RetailEodShiftValidationErrorCode", "None"))
        pending = condition("HasPendingOfflineTransactions", "eq", Member("NoYes", "Yes"))
        where = any_of((in_error, pending))
        return await self._read("shift_states", READ_SHIFT_STATES, where, records.shift_state)

    async def terminal_states(self) -> list[TerminalState]:
        """Give the registers that D365 calls busy: Closing or Error."""
        where = any_of(
            condition("ClosingStatus", "eq", Member("RetailClosingStatus", one))
            for one in ("Closing", "Error")
        )
        return await self._read("terminal_states", READ_TERMINAL_STATES, where, records.terminal_state)

    async def reference_rows(
        self, source: ReadSet, where: str, keep: Callable[[Mapping[str, object]], bool] | None = None
    ) -> list[Mapping[str, object]]:
        """Give a set's rows across companies, page by page, of which `keep` chooses; `where` "" for all.

        Raises:
            RejectedError: the environment does not have the set, or not with these fields.
        """
        params = {"$select": source.select, **({"$filter": where} if where else {})}
        found: list[Mapping[str, object]] = []
        async for page in self._pages("reference", source.odata_set, params):
            found += [row for row in page if keep is None or keep(row)]
        return found

    async def _job_details(self, odata_set: str, execution_id: str) -> list[EntityResult]:
        """Read an import's counts from its job details; empty where the environment does not expose them."""
        where = condition("JobId", "eq", execution_id)
        try:
            pages = [page async for page in self._pages("entity_results", odata_set, {"$filter": where})]
        except RejectedError:
            return []
        return entity_results_of([row for page in pages for row in page])

    async def _read(
        self, kind: str, source: ReadSet, where: str, make: Callable[[dict[str, object]], Found]
    ) -> list[Found]:
        params = {"$filter": where, "$select": source.select}
        pages = [page async for page in self._pages(kind, source.odata_set, params)]
        return [make(row) for page in pages for row in page]

    async def _pages(
        self, kind: str, odata_set: str, params: Mapping[str, str]
    ) -> AsyncIterator[Iterable[dict[str, object]]]:
        """Follow D365's own paging, within its own origin only: a next page elsewhere would get our token. Never in a circle."""
        path, query = f"/data/{odata_set}", {**_CROSS_COMPANY, **params}
        seen: set[str] = set()
        for _ in range(PAGES_MAX):
            answer = await self._wire.call(
                kind, "GET", path, params=query or None, headers={"Prefer": _ROWS_A_PAGE}
            )
            try:
                body = answer.json()
                rows = rows_in(body)
            except (ValueError, TypeError, KeyError) as error:
                raise RetryableError(f"{kind}: D365's answer cannot be read") from error
            yield rows
            following = body.get("@odata.nextLink")  # type: ignore[attr-defined]
            if not following:
                return
            if not same_origin(str(following), self._wire.origin):
                raise RejectedError(
                    f"{kind}: D365 named a next page outside its own address", field="@odata.nextLink",
                    expected=self._wire.origin, found="another host",
                )  # fmt: skip
            if following in seen:
                raise RetryableError(f"{kind}: D365 named the same next page twice")
            seen.add(following)
            page = urlsplit(str(following))
            path, query = f"{page.path}?{page.query}", {}
        raise RejectedError(
            f"{kind}: more than {PAGES_MAX} pages", field=kind, expected=f"{PAGES_MAX} pages at most"
        )


def _spells(days: Collection[date]) -> list[tuple[date, date]]:
    """Give days as spells of days that follow each other, so that one old day does not ask for all since.

    Where there are too many to name in one call, the shortest gaps are asked for as well.
    """
    spells: list[tuple[date, date]] = []
    for day in sorted(days):
        if spells and (day - spells[-1][1]).days <= 1:
            spells[-1] = (spells[-1][0], day)
        else:
            spells.append((day, day))
    while len(spells) > SPELLS_MAX:
        gaps = [(after[0] - before[1], at) for at, (before, after) in enumerate(pairwise(spells))]
        _, at = min(gaps)
        spells[at : at + 2] = [(spells[at][0], spells[at + 1][1])]
    return spells


def _during(first: date, last: date) -> tuple[str, str]:
    return (
        condition("BusinessDate", "ge", datetime.combine(first, time.min, UTC)),
        condition("BusinessDate", "le", datetime.combine(last, time(23, 59, 59), UTC)),
    )
