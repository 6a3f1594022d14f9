"""Vouchers on accounts that the statement expects nothing on: what stands there all the same is a difference."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from shared.retail.figures import Figures
from shared.retail.ledger import Entry
from shared.retail.status import Status
from shared.retail.vouchers import VoucherLine, VouchersRead, check_vouchers, expected_of
from tests.unit.test_statement import record
from tests.unit.test_vouchers import accounts

SOLD = Figures(
    count=1,
    total=Decimal("24.00"),
    sales=Decimal("20.00"),
    taxes={"VAT20": Decimal("4.00")},
    tenders={"CASH": Decimal("24.00")},
)
BACK = Figures(
    count=1, total=Decimal("-24.00"), returns=Decimal("-20.00"), taxes={"VAT20": Decimal("-4.00")},
    tenders={"CASH": Decimal("-24.00")},
)  # fmt: skip
LINES = {"401100": "-20.00", "401900": "20.00"}


def expected() -> dict[str, list[Entry]]:
    """A sale and its return, in one statement: cash and tax come to nothing."""
    some = [record(1, Status.POSTED, SOLD), record(2, Status.POSTED, BACK)]
    found = [(one, accounts()) for one in some]
    return expected_of((replace(one, d365_statement="ST-1"), own) for one, own in found)


def read(**more: str) -> dict[str, VouchersRead]:
    lines = [VoucherLine("V-1", account, Decimal(amount)) for account, amount in LINES.items()]
    lines += [VoucherLine("V-1", account.lstrip("a"), Decimal(amount)) for account, amount in more.items()]
    return {"ST-1": VouchersRead(tuple(lines))}


def test_a_day_whose_tax_comes_to_nothing_is_equal_where_the_vouchers_say_so() -> None:
    assert check_vouchers(expected(), read()).state == "equal"
    both = {"ST-1": VouchersRead((*(read()["ST-1"].lines or ()), VoucherLine("V-1", "222120", Decimal(0))))}
    assert check_vouchers(expected(), both).state == "equal"


def test_a_cent_of_tax_where_tax_comes_to_nothing_is_a_difference() -> None:
    found = check_vouchers(expected(), read(a222120="-0.01"))
    assert found.state == "differs"
    assert [(one.account, str(one.expected), str(one.found)) for one in found.places] == [
        ("222120", "0.00", "-0.01")
    ]


def test_cash_that_never_moved_by_the_tills_and_did_in_the_ledger_is_a_difference() -> None:
    found = check_vouchers(expected(), read(a110110="5.00"))
    assert [(one.account, str(one.found)) for one in found.places] == [("110110", "5.00")]
