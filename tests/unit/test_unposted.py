"""What D365 has had for long and has not posted: each state by its own task, with since when, from its answers alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from shared.d365.records import (
    AuditableRow,
    StatementAggregation,
    StatementEvidence,
    auditable_row,
    posted_statement,
)
from shared.flows.tracking.ask import News
from shared.flows.tracking.tell import tell
from shared.flows.tracking.unposted import unposted
from shared.storage.protocols import Row
from tests.unit.flow_services import Hand, flow_services, run

DAY = date(2017, 12, 23)
LATER = datetime(2017, 12, 25, 12, 0, tzinfo=UTC)  # 36 hours after the day was over
JOURNAL = posted_statement(
    {"dataAreaId": "usrt", "statementId": "S-1", "storeId": "NY01", "postedDate": "2017-12-23T12:00:00Z"}
)


def receipt(number: int, **fields: Any) -> AuditableRow:
    values = {
        "dataAreaId": "usrt", "OperatingUnitNumber": "052", "RegisterNumber": "NY01-1", "TransactionId": f"east:T{number}",
        "StoreNumber": "NY01", "BusinessDate": "2017-12-23T12:00:00Z", "PaymentAmount": 24, "Comment": "P1", **fields,
    }  # fmt: skip
    return auditable_row(values)


def news(rows: list[AuditableRow], *aggregations: StatementAggregation) -> News:
    return News(
        receipts={row.key: row for row in rows}, by_day={("052", DAY): rows}, aggregations=aggregations,
        evidence={("usrt", "S-1"): StatementEvidence(JOURNAL)}, is_shown=True,
    )  # fmt: skip


def stands(number: str, status: str, error: str = "") -> StatementAggregation:
    return StatementAggregation("usrt", number, "NY01", status, "", "", "", error)


ROWS = [
    receipt(1),
    receipt(2, ValidationStatus="Successful", LastValidationTime="2017-12-24T02:10:00Z"),
    receipt(3, ValidationStatus="Successful", LastValidationTime="2017-12-24T01:00:00Z"),
    receipt(4, ValidationStatus="Failed", LastValidationTime="2017-12-24T01:00:00Z"),  # held, told elsewhere
    receipt(5, ValidationStatus="Successful", StatementNumber="S-1"),  # posted
    receipt(6, ValidationStatus="Successful", StatementNumber="S-2", LastValidationTime="2017-12-24T01:00:00Z"),
    receipt(7, ValidationStatus="Successful", StatementNumber="S-3"),  # with an error, told elsewhere
    receipt(8, Comment=""),  # not of ours
]  # fmt: skip
ANSWER = news(ROWS, stands("S-2", "Calculated"), stands("S-3", "Checked", "no account"))


def test_each_state_is_told_with_its_receipts_their_money_and_since_when() -> None:
    found = {
        why.value: (why.texts()["what_happened"], one.receipts, str(one.amount))
        for why, one in unposted(ANSWER, LATER)
    }
    begins = "Receipts of store NY01 for 2017-12-23 are in D365 and not posted: they are"
    assert found == {
        "NY01 2017-12-23 in no statement": (
            f"{begins} validated, and in no D365 statement, since 2017-12-24 01:00 UTC.", 2, "48",
        ),
        "NY01 2017-12-23 not validated": (f"{begins} not validated by headquarters, since 2017-12-23.", 1, "24"),
        "NY01 2017-12-23 statement S-2": (
            f"{begins} in D365 statement S-2, which stands at “Calculated”, since 2017-12-24 01:00 UTC.", 1, "24",
        ),
    }  # fmt: skip


def test_nothing_is_told_before_headquarters_had_its_time() -> None:
    assert list(unposted(ANSWER, LATER.replace(hour=11, minute=59))) == []


def test_the_task_ends_by_itself_when_d365_moves_on_and_stays_while_nothing_is_learnt() -> None:
    async def story() -> None:
        hand = Hand()
        hand.at = LATER
        services = await flow_services(hand)
        etag = await services.tables.packages.insert(Row("env-1", "tracking~env-1", {}))
        turn = await tell(services, Row("env-1", "tracking~env-1", {}, etag), ANSWER)

        async def opened() -> list[str]:
            rows = [row async for row in services.tables.causes.query()]
            return sorted(
                row.text("Value")
                for row in rows
                if row.text("State") == "open" and row.text("Reason") == "d365_unposted"
            )

        assert len(await opened()) == 3
        turn = await tell(services, turn, replace(ANSWER, aggregations=None))
        assert len(await opened()) == 3  # D365 did not show its statements: nothing is known
        posted = [
            *ROWS[4:5],
            *(receipt(number, ValidationStatus="Successful", StatementNumber="S-1") for number in (2, 3)),
        ]
        await tell(services, turn, news([*posted, ROWS[0]]))
        assert await opened() == ["NY01 2017-12-23 not validated"]

    run(story())
