"""How a receipt moves on by what D365 says, where D365's clock, or a date without a time, says it was posted before it came."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.d365.records import StatementEvidence, auditable_row, posted_statement
from shared.flows.tracking.ask import News
from shared.flows.tracking.move import move_of
from shared.storage.protocols import Row

NOW = datetime(2017, 12, 23, 20, 0, tzinfo=UTC)
NUMBER = ("usrt", "S-1")
KEY = {
    "dataAreaId": "usrt",
    "OperatingUnitNumber": "052",
    "RegisterNumber": "NY01-1",
    "TransactionId": "east:T1",
}
SEEN = auditable_row(
    {
        **KEY, "StoreNumber": "NY01", "BusinessDate": "2017-12-23T12:00:00Z", "ValidationStatus": "Successful",
        "StatementNumber": "S-1", "GrossAmount": -24, "PaymentAmount": 24,
    }
)  # fmt: skip
JOURNAL = posted_statement(
    {"dataAreaId": "usrt", "statementId": "S-1", "storeId": "NY01", "postedDate": "2017-12-23T12:00:00Z"}
)
RECEIPT = Row(
    "S1",
    "day~S1~2017-12-23~1~T1",
    {
        "Status": "validated", "BusinessDay": "2017-12-23", "LegalEntity": "usrt", "OperatingUnit": "052",
        "Register": "NY01-1", "D365Number": "east:T1", "D365Gross": "-24", "D365Payment": "24",
        "D365Since": datetime(2017, 12, 23, 18, 0, tzinfo=UTC), "ReadBackAt": datetime(2017, 12, 23, 18, 5, tzinfo=UTC),
    },
)  # fmt: skip


def news(*, fresh: bool) -> News:
    return News(
        receipts={SEEN.key: SEEN},
        evidence={NUMBER: StatementEvidence(JOURNAL)},
        is_shown=True,
        fresh=frozenset({NUMBER} if fresh else ()),
    )


def test_a_receipt_is_posted_though_its_statement_bears_a_date_before_it_came_when_d365_says_so_now() -> None:
    move = move_of(RECEIPT, news(fresh=True), NOW)
    assert move is not None
    assert (move.row.text("Status"), move.row.text("D365Statement")) == ("posted", "S-1")


def test_what_was_learnt_of_a_statement_before_the_receipt_came_is_asked_again_first() -> None:
    told = news(fresh=False)
    assert move_of(RECEIPT, told, NOW) is None
    assert told.contradicted == {NUMBER}
