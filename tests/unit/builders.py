"""Small receipts for tests, by hand: two items of 10.00 with 20 % tax, paid with 30.00 and 6.00 change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from shared.retail.transaction import Line, Tax, Tender, TenderRole, TenderType, Transaction

DAY = date(2017, 12, 23)
NOON = datetime(2017, 12, 23, 17, 0, tzinfo=UTC)


def sale(number: int = 1, **changes: Any) -> Transaction:
    """Give the golden sale: net 20.00, tax 4.00, cash 30.00, change 6.00."""
    line = Line(
        line_number=1, item="1001", quantity=Decimal(2), gross=Decimal("20.00"), net=Decimal("20.00"),
        unit_price=Decimal("10.00"), unit="ea",
        taxes=(Tax("VAT20", Decimal("4.00"), rate=Decimal(20), base=Decimal("20.00")),),
    )  # fmt: skip
    tenders = (
        Tender(1, TenderType.CASH, "CASH", Decimal("30.00")),
        Tender(2, TenderType.CASH, "CASH", Decimal("-6.00"), role=TenderRole.CHANGE),
    )
    whole = Transaction(
        account="east", store="S1", transaction_id=f"T{number}", terminal="1", completed_at=NOON, currency="USD",
        sequence_number=number, receipt_number=f"S1-1-{number:04d}", business_day=DAY, lines=(line,), tenders=tenders,
    )  # fmt: skip
    return replace(whole, **changes)


def refund(number: int = 2, **changes: Any) -> Transaction:
    """Give the golden return: one item back, net -10.00, tax -2.00, cash -12.00."""
    line = Line(
        line_number=1, item="1001", quantity=Decimal(-1), gross=Decimal("-10.00"), net=Decimal("-10.00"),
        unit_price=Decimal("10.00"), unit="ea",
        taxes=(Tax("VAT20", Decimal("-2.00"), rate=Decimal(20), base=Decimal("-10.00")),),
    )  # fmt: skip
    tender = Tender(1, TenderType.CASH, "CASH", Decimal("-12.00"), role=TenderRole.REFUND)
    return replace(sale(number), lines=(line,), tenders=(tender,), **changes)
