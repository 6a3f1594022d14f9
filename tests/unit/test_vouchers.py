"""Vouchers against a statement, account by account: equal, different with the place named, not visible, not read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from shared.retail.accrual import entries_of_receipt
from shared.retail.figures import Figures
from shared.retail.ledger import Accounts, Entry, Instants, entries_of
from shared.retail.mapping import MappingRow, Mappings
from shared.retail.statement import ReceiptRecord
from shared.retail.status import Status
from shared.retail.vouchers import VoucherLine, VouchersRead, check_vouchers, expected_of, verdict_with
from tests.unit.test_mapping import ROWS

DAY = date(2017, 12, 23)
NOON = datetime(2017, 12, 23, 17, tzinfo=UTC)
NAMED = {
    ("ledger_accounts", "usrt", "sales", "*"): {"account": "401100"},
    ("ledger_accounts", "usrt", "returns", "*"): {"account": "401900"},
    ("ledger_accounts", "usrt", "tax", "V20"): {"account": "222120"},
    ("ledger_accounts", "usrt", "gift_cards", "*"): {"account": "250600"},
    ("ledger_accounts", "usrt", "rounding", "*"): {"account": "618900"},
    ("d365_tenders", "usrt", "5637", "1"): {"there": "yes", "account": "110110"},
}


def accounts(**more: str) -> Accounts:
    rows = {**ROWS, **NAMED, **{tuple(name.split("__")): {"account": one} for name, one in more.items()}}
    mappings = Mappings(1, {key: (MappingRow(values, 1),) for key, values in rows.items()})
    store = mappings.store("S1")
    assert store is not None
    return Accounts(mappings, store, DAY)


def amount(text: str) -> Decimal:
    return Decimal(text)


FIGURES = Figures(
    count=2, total=amount("33.98"), sales=amount("30.00"), returns=amount("-10.00"), gift_cards_issued=amount("10.00"),
    rounding=amount("-0.02"), taxes={"VAT20": amount("4.00")}, tenders={"CASH": amount("33.98")},
)  # fmt: skip
# By hand: cash in is debit; sales, tax and the card sold are credit; what came back is debit, and the two cents lost.
WORTH = {
    "110110": "33.98", "222120": "-4.00", "250600": "-10.00", "401100": "-30.00", "401900": "10.00", "618900": "0.02",
}  # fmt: skip


def by_account(entries: list[Entry]) -> dict[str, str]:
    return {one.account: str(one.amount) for one in entries}


def test_a_receipt_is_worth_balanced_entries_on_the_accounts_that_d365_and_finance_name() -> None:
    assert by_account(entries_of(FIGURES, accounts())) == WORTH
    assert sum(Decimal(one) for one in WORTH.values()) == 0


def test_discounts_are_shown_against_revenue_only_where_they_have_an_account() -> None:
    figures = Figures(
        total=amount("8"), sales=amount("8"), discounts=amount("2"), tenders={"CASH": amount("8")}
    )
    assert by_account(entries_of(figures, accounts())) == {"110110": "8", "401100": "-8"}
    shown = entries_of(figures, accounts(ledger_accounts__usrt__discounts__any="409100"))
    assert by_account(shown) == {"110110": "8", "401100": "-8"}  # a row for another code does not count
    named = accounts()
    rows = {
        **named.mappings.rows,
        ("ledger_accounts", "usrt", "discounts", "*"): (MappingRow({"account": "409100"}, 1),),
    }
    shown = entries_of(figures, replace(named, mappings=replace(named.mappings, rows=rows)))
    assert by_account(shown) == {"110110": "8", "401100": "-10", "409100": "2"}


def test_what_does_not_balance_is_an_entry_of_its_own_under_no_account() -> None:
    figures = Figures(total=amount("9"), sales=amount("10"), tenders={"CASH": amount("9")})
    (odd,) = [one for one in entries_of(figures, accounts()) if not one.account]
    assert (odd.what, odd.amount) == ("does not balance", amount("1"))


def receipt(statement: str = "S-1", status: Status = Status.POSTED) -> ReceiptRecord:
    return ReceiptRecord(
        "R1", "east", "T1", "1", status, FIGURES, d365_statement=statement, currency="USD", in_time=Instants(NOON, NOON, NOON),
    )  # fmt: skip


def lines(**changes: str) -> list[VoucherLine]:
    """What D365 has for it: one voucher for the invoice, one for the payment, customers between them."""
    sums = WORTH | changes
    invoice = [
        VoucherLine("V-1", account, amount(one))
        for account, one in sums.items()
        if account not in ("110110", "618900")
    ]
    return [
        *invoice, VoucherLine("V-1", "130100", amount("34.00")),
        VoucherLine("V-2", "110110", amount(sums["110110"])), VoucherLine("V-2", "130100", amount("-34.00")),
        VoucherLine("V-2", "618900", amount(sums["618900"])),
    ]  # fmt: skip


def checked(found: list[VoucherLine] | None, *records: ReceiptRecord, why: str = ""):  # type: ignore[no-untyped-def]
    expected = expected_of((one, accounts()) for one in records or (receipt(),))
    return check_vouchers(expected, {"S-1": VouchersRead(None if found is None else tuple(found), why)})


def test_vouchers_that_come_to_the_statement_are_equal_whatever_else_they_touch() -> None:
    check = checked(
        [
            *lines(),
            VoucherLine("V-1", "510100", amount("7.77")),
            VoucherLine("V-1", "140200", amount("-7.77")),
        ]
    )
    assert (check.state, check.places) == ("equal", ())
    assert verdict_with("proved", check) == "proved"


@pytest.mark.parametrize(
    ("account", "altered", "voucher"),
    [
        ("401100", "-29.99", "V-1"),
        ("222120", "-4.01", "V-1"),
        ("110110", "33.97", "V-2"),
        ("250600", "-9.99", "V-1"),
    ],
)
def test_a_cent_on_any_account_is_found_and_its_place_named(account: str, altered: str, voucher: str) -> None:
    check = checked(lines(**{account: altered}))
    (place,) = check.places
    assert (check.state, place.statement, place.account, place.vouchers) == (
        "differs",
        "S-1",
        account,
        (voucher,),
    )
    assert (place.expected, place.found) == (amount(WORTH[account]), amount(altered))
    assert verdict_with("proved", check) == "not proved"


def test_of_several_vouchers_on_an_account_the_one_that_no_longer_balances_is_named() -> None:
    split = [VoucherLine("V-3", "401100", amount("-1.00")), VoucherLine("V-3", "130100", amount("1.00"))]
    whole = [*lines(**{"401100": "-29.00"}), VoucherLine("V-1", "130100", amount("-1.00")), *split]
    assert checked(whole).state == "equal"
    altered = [replace(one, amount=amount("-0.99")) if one == split[0] else one for one in whole]
    assert checked(altered).places[0].vouchers == ("V-3",)


def test_an_account_with_its_dimensions_behind_it_is_the_same_account() -> None:
    dressed = [replace(one, account=f"{one.account}-022-NY") for one in lines()]
    assert checked(dressed).state == "equal"
    near = [replace(one, account="4011001") if one.account == "401100" else one for one in lines()]
    assert [one.account for one in checked(near).places] == ["401100"]


def test_a_voucher_without_lines_is_missing_from_its_accounts() -> None:
    check = checked([one for one in lines() if one.voucher == "V-1"])
    assert [(one.account, one.found) for one in check.places] == [("110110", 0), ("618900", 0)]


def test_what_d365_does_not_show_is_never_called_equal() -> None:
    check = checked(None, why="the set is hidden")
    assert (check.state, check.why) == ("not visible", ("the set is hidden",))
    expected = expected_of([(receipt(), accounts()), (receipt("S-2"), accounts())])
    half = check_vouchers(expected, {"S-1": VouchersRead(tuple(lines()))})
    assert (half.state, half.why) == ("not read yet", ("not read yet: statement S-2",))
    assert check_vouchers({}, {}).state == "nothing posted"


def test_a_difference_outweighs_whatever_is_not_shown() -> None:
    expected = expected_of([(receipt(), accounts()), (receipt("S-2"), accounts())])
    check = check_vouchers(
        expected,
        {"S-1": VouchersRead(tuple(lines(**{"401100": "-29.99"}))), "S-2": VouchersRead(None, "hidden")},
    )
    assert check.state == "differs"


def test_receipts_that_are_not_in_the_ledger_are_not_expected_in_its_vouchers() -> None:
    assert (
        expected_of([(receipt(status=Status.VALIDATED), accounts()), (receipt(statement=""), accounts())])
        == {}
    )
    both = expected_of([(receipt(), accounts()), (receipt(status=Status.REVERSED), accounts())])
    assert by_account(both["S-1"])["401100"] == "-60.00"


def test_either_side_of_midnight_in_one_business_day_a_tax_is_on_the_account_of_its_instant() -> None:
    known = accounts(ledger_accounts__usrt__tax__V17="222117")
    old, new = ROWS["taxes", "VAT20"], ROWS["taxes", "VAT20"] | {"tax_code": "V17"}
    rows = {
        **known.mappings.rows,
        ("taxes", "VAT20"): (MappingRow(old, 1), MappingRow(new, 1, date(2017, 12, 24))),
    }
    dated = replace(known, mappings=Mappings(1, rows))
    before = replace(receipt(), completed_at=datetime.fromisoformat("2017-12-23T23:59:59-05:00"))
    after = replace(receipt(), completed_at=datetime.fromisoformat("2017-12-24T00:00:00-05:00"))
    found = by_account(expected_of([(before, dated), (after, dated)])["S-1"])
    assert (found["222120"], found["222117"], found["110110"]) == ("-4.00", "-4.00", "67.96")
    assert by_account(entries_of_receipt(after, dated))["222117"] == "-4.00"
