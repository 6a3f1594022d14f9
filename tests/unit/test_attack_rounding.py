"""Cash rounding by currency: what a country's coins make of a receipt is rounding, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.retail.rules import problems_of
from shared.retail.transaction import Line, Rounding, RoundingReason, Tender, TenderType, Transaction
from tests.unit.builders import sale


def paid_in_cash(currency: str, due: str, paid: str) -> Transaction:
    line = Line(1, "1001", Decimal(1), Decimal(due), Decimal(due), unit_price=Decimal(due), unit="ea")
    rounded = Rounding(RoundingReason.CASH, Decimal(paid) - Decimal(due))
    cash = Tender(1, TenderType.CASH, "CASH", Decimal(paid))
    return replace(sale(), currency=currency, lines=(line,), tenders=(cash,), rounding=(rounded,))


@pytest.mark.parametrize(
    ("currency", "due", "paid"),
    [
        ("HUF", "1232.00", "1230.00"), ("HUF", "1233.00", "1235.00"), ("KWD", "1.234", "1.235"), ("KWD", "1.232", "1.230"),
        ("CHF", "10.02", "10.00"), ("CAD", "10.03", "10.05"), ("NZD", "10.04", "10.00"), ("DKK", "10.24", "10.00"),
        ("SEK", "10.49", "10.00"), ("CZK", "10.50", "11.00"), ("JPY", "1234", "1230"), ("USD", "10.02", "10.00"),
    ],
)  # fmt: skip
def test_what_a_countrys_coins_make_of_a_receipt_is_rounding(currency: str, due: str, paid: str) -> None:
    assert problems_of(paid_in_cash(currency, due, paid)) == ()


@pytest.mark.parametrize(
    ("currency", "due", "paid"),
    [
        ("USD", "20.99", "20.00"), ("USD", "20.40", "20.00"), ("EUR", "10.40", "10.00"), ("CAD", "10.20", "10.00"),
        ("CHF", "10.06", "10.00"), ("NZD", "10.10", "10.00"), ("DKK", "10.50", "10.00"), ("SEK", "11.00", "10.00"),
        ("HUF", "1235.00", "1230.00"), ("USD", "10.01", "10.02"),
    ],
)  # fmt: skip
def test_what_no_coin_of_the_country_explains_is_no_rounding(currency: str, due: str, paid: str) -> None:
    assert problems_of(paid_in_cash(currency, due, paid)) != ()
