"""POSLog 6, the 2.x shape and digital receipts, as vendors other than NCR write them. Numbers are the acceptance list's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shared.pos.adapter import Arrival
from shared.pos.registry import ADAPTERS
from shared.retail.identity import content_hash
from shared.retail.money import total
from shared.retail.rules import problems_of
from shared.retail.transaction import (
    Kind,
    Line,
    LineKind,
    Link,
    LinkRole,
    RoundingReason,
    TenderStatus,
    TenderType,
    TillStatus,
    Transaction,
)

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "poslog"
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "pos" / "poslog"
POSLOG = ADAPTERS["poslog"]


def receipts(name: str) -> list[Transaction]:
    found = POSLOG.read((FOLDER / f"{name}.xml").read_bytes(), "acct")
    assert all(one.transaction is not None for one in found), [one.reason for one in found]
    return [one.transaction for one in found if one.transaction is not None]


def document(*items: str, grand: str = "", head: str = "", attributes: str = "", tail: str = "") -> str:
    """Write one retail transaction; the items are numbered in their order."""
    lines = "".join(
        one.replace(">", f"><SequenceNumber>{number}</SequenceNumber>", 1)
        for number, one in enumerate(items, 1)
    )
    printed = f'<Total TotalType="TransactionGrandAmount">{grand}</Total>' if grand else ""
    return (
        '<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/"><Transaction><RetailStoreID>S1</RetailStoreID>'
        "<WorkstationID>1</WorkstationID><SequenceNumber>7</SequenceNumber><BusinessDayDate>2025-03-08</BusinessDayDate>"
        f"<EndDateTime>2025-03-08T12:00:00Z</EndDateTime><CurrencyCode>EUR</CurrencyCode>{head}"
        f"<RetailTransaction {attributes}>{lines}{printed}{tail}</RetailTransaction></Transaction></POSLog>"
    )


def arrival(*items: str, **more: str) -> Arrival:
    (found,) = POSLOG.read(document(*items, **more).encode(), "acct")
    return found


def receipt(*items: str, **more: str) -> Transaction:
    found = arrival(*items, **more)
    assert found.transaction is not None, found.reason
    assert POSLOG.read_document(found.document, "acct") == found.transaction
    return found.transaction


def sold(item: str, amount: str, quantity: str = "1", inner: str = "", name: str = "Sale") -> str:
    return (
        f"<LineItem><{name}><ItemID>{item}</ItemID><ExtendedAmount>{amount}</ExtendedAmount>"
        f"<Quantity>{quantity}</Quantity>{inner}</{name}></LineItem>"
    )


def paid(amount: str, kind: str = "Cash", inner: str = "", code: str = "Sale") -> str:
    return (
        f'<LineItem><Tender TenderType="{kind}" TypeCode="{code}"><Amount>{amount}</Amount>{inner}</Tender>'
        "</LineItem>"
    )


def tax(amount: str, percent: str, flag: str = "false") -> str:
    return (
        f'<LineItem><Tax><TaxableAmount TaxIncludedInTaxableAmountFlag="{flag}">0</TaxableAmount>'
        f"<Amount>{amount}</Amount><Percent>{percent}</Percent></Tax></LineItem>"
    )


def rate(percent: str) -> str:
    return f"<Tax><Percent>{percent}</Percent></Tax>"


def told(lines: tuple[Line, ...]) -> list[tuple[str | None, str, str, str, str]]:
    return [(one.item, str(one.quantity), str(one.gross), str(one.net), str(one.tax)) for one in lines]


def money(transaction: Transaction) -> list[tuple[str, str, str]]:
    return [(one.code, str(one.role), str(one.amount)) for one in transaction.tenders]


def test_a_sale_of_version_6_with_everything_in_it_balances_to_the_cent() -> None:
    (one,) = receipts("sale__version_6_every_part")
    assert problems_of(one) == ()
    assert (one.transaction_id, one.store, one.terminal, one.operator) == (
        "4-1-20250308-901",
        "N-7",
        "4",
        "33",
    )
    assert (one.amount_due, one.amount_paid, one.prices_include_tax) == (Decimal(543), Decimal(543), True)
    assert told(one.lines) == [
        ("COLA", "2", "22.00", "22.00", "2.36"),
        ("PANT", "2", "2.00", "2.00", "0.21"),
        ("BOOTS", "1", "500.00", "450.00", "90.00"),
        ("ROPE", "1", "79.10", "69.10", "13.82"),
    ]
    assert money(one) == [
        ("CreditDebit", "PAYMENT", "243.00"),
        ("Cash", "PAYMENT", "400.00"),
        ("Cash", "CHANGE", "-100.00"),
    ]


def test_the_tills_own_totals_are_rebuilt_from_what_is_kept() -> None:
    (one,) = receipts("sale__version_6_every_part")
    rounded = total(each.amount for each in one.rounding)
    assert total(each.net for each in one.lines) + rounded == Decimal("543.00")
    assert total(each.tax for each in one.lines) == Decimal("106.39")
    assert total(each.amount for each in one.tenders) == Decimal("543.00")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.xml")), ids=lambda path: path.stem)
def test_case_94_what_is_kept_reads_back_as_the_same(path: Path) -> None:
    for one in POSLOG.read(path.read_bytes(), "acct"):
        assert one.transaction is not None
        (again,) = POSLOG.read(one.document, "acct")
        assert (again.document, again.transaction) == (one.document, one.transaction)
        assert content_hash(POSLOG.read_document(one.document, "acct")) == content_hash(one.transaction)


def test_case_95_nothing_of_a_person_is_kept_nor_what_a_vendor_adds_of_its_own() -> None:
    (one,) = POSLOG.read((FOLDER / "sale__version_6_every_part.xml").read_bytes(), "acct")
    for secret in (b"Nobody", b"2210228884", b"Nowhere"):
        assert secret not in one.document


def test_case_01_one_item_paid_exactly() -> None:
    one = receipt(sold("A", "5.00"), paid("5.00"), grand="5.00")
    assert problems_of(one) == ()
    assert told(one.lines) == [("A", "1", "5.00", "5.00", "0")]


def test_case_02_and_04_two_rates_added_to_the_price_go_to_the_lines_of_their_rate() -> None:
    one = receipt(
        sold("A", "10.00", inner=rate("25")), sold("B", "20.00", inner=rate("12")), sold("C", "5.00", inner=rate("25")),
        tax("3.75", "25"), tax("2.40", "12"), paid("41.15"), grand="41.15",
    )  # fmt: skip
    assert problems_of(one) == ()
    assert [str(line.tax) for line in one.lines] == ["2.50", "2.40", "1.25"]
    assert one.prices_include_tax is False
    assert [(each.code, each.rate) for each in one.lines[0].taxes] == [("25", Decimal(25))]


@pytest.mark.parametrize("grand", ["49.00", ""])
def test_case_03_the_total_says_that_prices_include_their_tax_where_the_flag_speaks_of_the_base(
    grand: str,
) -> None:
    one = receipt(sold("A", "49.00", inner=rate("25")), tax("9.80", "25"), paid("49.00"), grand=grand)
    assert problems_of(one) == ()
    assert (one.prices_include_tax, one.amount_due) == (True, Decimal("49.00"))


def test_case_03_a_line_may_say_itself_that_its_price_includes_the_tax() -> None:
    inner = "<TaxIncludedInPriceFlag>true</TaxIncludedInPriceFlag><Tax><TaxGroupID>V</TaxGroupID><Amount>1.00</Amount></Tax>"
    one = receipt(sold("A", "5.00", inner=inner), paid("6.00"), grand="6.00")
    assert one.prices_include_tax is True
    assert problems_of(one)[0].rule == "I1 balance"  # held: 5.00 due, 6.00 paid


def test_case_06_and_07_no_tax_and_a_total_of_nothing() -> None:
    free = "<ExtendedDiscountAmount>5.00</ExtendedDiscountAmount>"
    one = receipt(sold("A", "0.00", inner=free), grand="0.00")
    assert problems_of(one) == ()
    assert told(one.lines) == [("A", "1", "5.00", "0.00", "0")]


def test_case_08_a_weighed_quantity_keeps_its_digits() -> None:
    one = receipt(sold("APPLES", "1.05", "0.420"), paid("1.05"), grand="1.05")
    assert (one.lines[0].quantity, problems_of(one)) == (Decimal("0.420"), ())


def test_case_09_fuel_with_three_digits_and_a_price_below_a_cent() -> None:
    price = "<ActualSalesUnitPrice>1.8799</ActualSalesUnitPrice>"
    one = receipt(sold("DIESEL", "60.09", "31.965", price, name="FuelSale"), paid("60.09"), grand="60.09")
    assert problems_of(one) == ()
    assert (one.lines[0].unit_price, one.lines[0].gross) == (Decimal("1.8799"), Decimal("60.09"))


def test_case_12_a_deposit_that_names_its_goods_is_within_their_amount() -> None:
    (one,) = receipts("sale__version_6_every_part")
    deposit = one.lines[1]
    assert (deposit.kind, deposit.parent_line_number) == (LineKind.CONTAINER_DEPOSIT, 1)
    assert one.lines[0].net + deposit.net == Decimal("24.00")


def test_case_12_a_deposit_that_names_none_is_beside_them() -> None:
    loose = sold("P", "1.00").replace("<Sale>", '<Sale ItemType="Deposit">')
    one = receipt(sold("A", "5.00"), loose, paid("6.00"), grand="6.00")
    assert problems_of(one) == ()
    assert [(line.kind, str(line.net)) for line in one.lines] == [
        ("ITEM", "5.00"),
        ("CONTAINER_DEPOSIT", "1.00"),
    ]


def test_case_14_taxes_of_five_digits_are_rounded_once_and_spread() -> None:
    inner = "<Tax><TaxGroupID>V</TaxGroupID><Amount>{}</Amount></Tax>"
    one = receipt(
        sold("A", "100.00", inner=inner.format("25.15963")), sold("B", "200.00", inner=inner.format("50.31928")),
        paid("375.48"), grand="375.48",
    )  # fmt: skip
    # 25.15963 + 50.31928 = 75.47891, rounded once 75.48: 25.15 and 50.31 down, and the two cents that are left go round.
    assert [str(line.tax) for line in one.lines] == ["25.16", "50.32"]
    assert one.amount_due == Decimal("375.48")


def test_case_15_a_hundred_and_sixty_one_lines() -> None:
    one = receipt(*[sold(f"I{number}", "0.99") for number in range(161)], paid("159.39"), grand="159.39")
    assert (len(one.lines), problems_of(one)) == (161, ())


def test_case_16_17_and_18_what_modifiers_take_off_is_shown_and_the_amount_stays() -> None:
    percent = (
        "<RetailPriceModifier><Percent>10</Percent><Amount Action='Subtract'>1.00</Amount><PromotionID>P</PromotionID>"
        "</RetailPriceModifier>"
    )
    amount = "<DiscountAmount>2.00</DiscountAmount><ExtendedDiscountAmount>4.00</ExtendedDiscountAmount>"
    one = receipt(
        sold("A", "9.00", inner=percent), sold("B", "6.00", "2", amount), paid("15.00"), grand="15.00"
    )
    assert problems_of(one) == ()
    assert told(one.lines) == [("A", "1", "10.00", "9.00", "0"), ("B", "2", "10.00", "6.00", "0")]
    assert [(each.method, each.promotion) for each in one.lines[0].discounts] == [("PERCENT", "P")]


def test_case_19_and_24_a_discount_for_all_is_spread_by_largest_remainder() -> None:
    off = "<LineItem><Discount><Amount>1.00</Amount><Percent>10</Percent></Discount></LineItem>"
    one = receipt(sold("A", "3.34"), sold("B", "3.33"), sold("C", "3.33"), off, paid("9.00"), grand="9.00")
    assert problems_of(one) == ()
    # 1.00 over 3.34, 3.33, 3.33: 0.334, 0.333, 0.333; the cent that is left goes to the first.
    assert [str(line.discount) for line in one.lines] == ["0.34", "0.33", "0.33"]
    assert one.lines[0].discounts[0].scope == "BASKET"


def test_case_20_a_basket_discount_across_two_rates_lowers_what_each_tax_is_of() -> None:
    off = "<LineItem><Discount><Amount>3.00</Amount></Discount></LineItem>"
    one = receipt(
        sold("A", "10.00", inner=rate("25")), sold("B", "20.00", inner=rate("10")), off,
        tax("2.25", "25"), tax("1.80", "10"), paid("31.05"), grand="31.05",
    )  # fmt: skip
    assert problems_of(one) == ()
    assert told(one.lines) == [("A", "1", "10.00", "9.00", "2.25"), ("B", "1", "20.00", "18.00", "1.80")]


def test_case_23_a_discount_told_by_a_modifier_and_a_line_counts_once() -> None:
    inner = "<RetailPriceModifier><Amount>5.00</Amount></RetailPriceModifier>"
    off = "<LineItem><Discount><Amount>5.00</Amount></Discount></LineItem>"
    one = receipt(sold("A", "20.00", inner=inner), off, paid("15.00"), grand="15.00")
    assert problems_of(one) == ()
    assert told(one.lines) == [("A", "1", "20.00", "15.00", "0")]


def test_case_23_one_told_by_modifiers_and_in_a_sum_counts_once_and_never_two_amounts() -> None:
    inner = "<RetailPriceModifier><Amount>5.00</Amount></RetailPriceModifier><ExtendedDiscountAmount>{}</ExtendedDiscountAmount>"
    one = receipt(sold("A", "20.00", inner=inner.format("5.00")), paid("20.00"), grand="20.00")
    assert told(one.lines) == [("A", "1", "25.00", "20.00", "0")]
    other = arrival(sold("A", "20.00", inner=inner.format("4.00")), paid("20.00"), grand="20.00")
    assert other.reason.endswith("expected what the line's RetailPriceModifiers take off, 5.00, found 4.00")


def test_case_25_and_26_split_and_change_as_a_line() -> None:
    change = "<LineItem><TenderChange><Amount>4.00</Amount></TenderChange></LineItem>"
    one = receipt(sold("A", "26.00"), paid("10.00", "CreditDebit"), paid("20.00"), change, grand="26.00")
    assert problems_of(one) == ()
    assert money(one)[2] == ("Cash", "CHANGE", "-4.00")


def test_case_26_change_within_its_tender_and_told_by_both_counts_once() -> None:
    inner = "<TenderChange><Amount>4.00</Amount></TenderChange>"
    within = receipt(sold("A", "16.00"), paid("20.00", inner=inner), grand="16.00")
    assert problems_of(within) == ()
    both = receipt(
        sold("A", "16.00"), paid("20.00", inner=inner), f"<LineItem>{inner}</LineItem>", grand="16.00"
    )
    assert money(within) == money(both) == [("Cash", "PAYMENT", "20.00"), ("Cash", "CHANGE", "-4.00")]


def test_case_27_change_as_negative_cash_repeats_what_stands_in_it() -> None:
    inner = "<TenderChange><Amount>4.00</Amount></TenderChange>"
    one = receipt(sold("A", "16.00"), paid("20.00"), paid("-4.00", inner=inner), grand="16.00")
    assert problems_of(one) == ()
    assert money(one) == [("Cash", "PAYMENT", "20.00"), ("Cash", "CHANGE", "-4.00")]


@pytest.mark.parametrize("line", [(), (paid("-5.00"),)])
def test_case_28_cashback_leaves_the_drawer_once_whether_a_line_hands_it_out_or_not(
    line: tuple[str, ...],
) -> None:
    back = "<Cashback>5.00</Cashback>"
    one = receipt(sold("A", "16.00"), paid("21.00", "CreditDebit", back), *line, grand="16.00")
    assert problems_of(one) == ()
    assert money(one) == [("CreditDebit", "PAYMENT", "21.00"), ("Cash", "CASHBACK", "-5.00")]


def test_case_29_a_tip_within_a_payment_is_a_line() -> None:
    one = receipt(sold("A", "16.00"), paid("18.00", "CreditDebit", "<Tip>2.00</Tip>"))
    assert problems_of(one) == ()
    assert (one.lines[1].kind, str(one.lines[1].net), one.tenders[0].tip_portion) == (
        LineKind.TIP,
        "2.00",
        Decimal("2.00"),
    )


def test_case_31_another_currency_with_its_rate() -> None:
    inner = (
        "<ForeignCurrency><CurrencyCode>USD</CurrencyCode><OriginalFaceAmount>20.00</OriginalFaceAmount>"
        "<ExchangeRate>0.90</ExchangeRate></ForeignCurrency><TenderChange><Amount>2.00</Amount></TenderChange>"
    )
    one = receipt(sold("A", "16.00"), paid("18.00", inner=inner), grand="16.00")
    assert problems_of(one) == ()
    assert one.tenders[0].type is TenderType.FOREIGN_CASH
    assert one.tenders[0].fx is not None
    assert (one.tenders[0].fx.currency, one.tenders[0].fx.amount, one.tenders[0].fx.rate) == (
        "USD",
        Decimal("20.00"),
        Decimal("0.90"),
    )


def test_case_32_and_33_part_on_a_gift_card_and_on_account() -> None:
    one = receipt(
        sold("A", "16.00"), paid("6.00", "GiftCard"), paid("10.00", "CustomerAccount"), grand="16.00"
    )
    assert problems_of(one) == ()
    assert [each.type for each in one.tenders] == [TenderType.GIFT_CARD, TenderType.ON_ACCOUNT]


@pytest.mark.parametrize(
    ("rounding", "cash", "grand", "amount"),
    [
        ('<Rounding RoundingDirection="Up">0.02</Rounding>', "10.00", "10.00", "0.02"),
        ('<Rounding RoundingDirection="Down">0.03</Rounding>', "9.95", "9.95", "-0.03"),
        ("<Rounding>-0.03</Rounding>", "9.95", "9.95", "-0.03"),
    ],
)
def test_case_34_cash_rounding_as_a_tender_line_or_a_line_of_its_own(
    rounding: str, cash: str, grand: str, amount: str
) -> None:
    as_tender = f'<LineItem><Tender TenderType="Cash">{rounding}</Tender></LineItem>'
    for line in (as_tender, f"<LineItem>{rounding}</LineItem>"):
        one = receipt(sold("A", "9.98"), paid(cash), line, grand=grand)
        assert problems_of(one) == ()
        assert [(each.reason, str(each.amount)) for each in one.rounding] == [(RoundingReason.CASH, amount)]
        assert len(one.tenders) == 1


def test_case_34_cash_rounding_within_its_tender_beside_what_was_applied() -> None:
    inner = "<AmountAppliedToBill>55.00</AmountAppliedToBill><Rounding>0.50</Rounding>"
    text = document(
        sold("A", "558.50"), paid("503.00", "GiftCard"), paid("55.50", inner=inner), grand="558.00"
    )
    (found,) = POSLOG.read(text.replace("EUR", "SEK").encode(), "acct")
    one = found.transaction
    assert one is not None
    assert problems_of(one) == ()
    assert (str(one.rounding[0].amount), str(one.tenders[1].amount)) == ("-0.50", "55.00")


def test_case_37_and_38_a_gift_card_sold_and_one_loaded_are_no_goods() -> None:
    one = receipt(
        "<LineItem><SaleOfGiftCard><Amount>25.00</Amount></SaleOfGiftCard></LineItem>",
        "<LineItem><StoredValueFundSale><Amount>10.00</Amount></StoredValueFundSale></LineItem>",
        paid("35.00"), grand="35.00",
    )  # fmt: skip
    assert problems_of(one) == ()
    assert [line.kind for line in one.lines] == [LineKind.GIFT_CARD_ISSUE, LineKind.GIFT_CARD_LOAD]


def test_case_42_a_return_with_positive_amounts_is_negative_and_names_its_sale() -> None:
    (one,) = receipts("return__positive_amounts")
    assert problems_of(one) == ()
    assert told(one.lines) == [("BOOTS", "-1", "-450.00", "-450.00", "-90.00")]
    assert (one.lines[0].return_reason, one.shape, one.amount_paid) == (
        "TOO SMALL",
        "RETURN",
        Decimal("-450.00"),
    )
    original = one.lines[0].original
    assert original is not None
    assert (original.role, original.transaction_id) == (LinkRole.ORIGINAL, "4-1-20250308-901")
    assert one.control_totals is not None
    assert one.control_totals.total == Decimal("-450.00")


def test_case_44_a_return_of_negative_quantity_and_positive_amount_names_no_sale() -> None:
    (one,) = receipts("return__negative_quantity")
    assert problems_of(one) == ()
    assert told(one.lines) == [("SHIRT", "-1", "-19.95", "-19.95", "0")]
    assert one.lines[0].original is None
    assert money(one) == [("Cash", "REFUND", "-19.95")]


def test_case_45_a_line_names_the_sale_and_line_it_gives_back_in_another_store() -> None:
    inner = (
        "<TransactionLink><RetailStoreID>S9</RetailStoreID><WorkstationID>3</WorkstationID><SequenceNumber>12</SequenceNumber>"
        "<BusinessDayDate>2025-03-01</BusinessDayDate><LineItemSequenceNumber>2</LineItemSequenceNumber></TransactionLink>"
    )
    one = receipt(sold("A", "5.00", inner=inner, name="Return"), paid("5.00", code="Refund"), grand="-5.00")
    assert one.lines[0].original == Link(
        LinkRole.ORIGINAL, "3-1-20250301-12", "S9", "3", date(2025, 3, 1), 12, line_number=2
    )


def test_case_47_and_48_exchanges_even_and_uneven() -> None:
    even = receipt(sold("A", "5.00"), sold("B", "5.00", name="Return"), grand="0.00")
    assert (even.shape, problems_of(even)) == ("EVEN", ())
    more = receipt(sold("A", "8.00"), sold("B", "5.00", name="Return"), paid("3.00"), grand="3.00")
    assert (more.shape, problems_of(more)) == ("EXCHANGE", ())
    less = receipt(
        sold("A", "5.00"), sold("B", "8.00", name="Return"), paid("3.00", code="Refund"), grand="-3.00"
    )
    assert (less.amount_paid, problems_of(less)) == (Decimal("-3.00"), ())


def test_case_50_goods_back_without_money_are_held_with_the_difference() -> None:
    one = receipt(sold("A", "8.00", name="Return"), grand="-8.00")
    assert [problem.found for problem in problems_of(one)] == ["0.00 EUR, a difference of 8.00"]


def test_case_55_a_void_line_is_dropped_where_it_is_marked_and_paired_where_it_negates() -> None:
    (one,) = receipts("sale__version_6_every_part")
    assert [line.item for line in one.voided_lines] == ["SOCKS"]
    void = sold("A", "-5.00", "-1").replace("<LineItem>", '<LineItem VoidFlag="true">')
    both = receipt(sold("A", "5.00"), sold("B", "2.00"), void, paid("2.00"), grand="2.00")
    assert problems_of(both) == ()
    assert ([line.item for line in both.lines], [line.item for line in both.voided_lines]) == (
        ["B"],
        ["A", "A"],
    )
    cancelled = sold("A", "5.00").replace("<LineItem>", '<LineItem CancelFlag="true">')
    assert problems_of(receipt(cancelled, sold("B", "2.00"), paid("2.00"), grand="2.00")) == ()


def test_case_55_a_void_tender_counts_for_nothing_in_either_form() -> None:
    marked = paid("7.00", "Check").replace("<LineItem>", '<LineItem VoidFlag="true">')
    negated = paid("-7.00", "Check").replace("<LineItem>", '<LineItem VoidFlag="true">')
    for lines in ((marked,), (paid("7.00", "Check"), negated)):
        one = receipt(sold("A", "5.00"), *lines, paid("5.00"), grand="5.00")
        assert problems_of(one) == ()
        assert {each.status for each in one.tenders[:-1]} == {TenderStatus.VOIDED}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Suspended", TillStatus.SUSPENDED),
        ("SuspendedRetrieved", TillStatus.SUSPENDED),
        ("Canceled", TillStatus.VOIDED),
        ("Voided", TillStatus.VOIDED),
        ("Totaled", TillStatus.PENDING),
    ],
)
def test_case_56_and_57_put_aside_or_given_up_never_counts(word: str, status: TillStatus) -> None:
    one = receipt(sold("A", "5.00"), attributes=f'TransactionStatus="{word}"')
    assert (one.status, one.is_for_the_ledger, problems_of(one)) == (status, False, ())


def test_case_58_a_post_void_names_what_it_takes_back_and_moves_no_money() -> None:
    body = (
        '<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/"><Transaction><RetailStoreID>S1</RetailStoreID>'
        "<WorkstationID>1</WorkstationID><SequenceNumber>8</SequenceNumber><BusinessDayDate>2025-03-08</BusinessDayDate>"
        "<EndDateTime>2025-03-08T12:00:00Z</EndDateTime><CurrencyCode>EUR</CurrencyCode><ControlTransaction><PostVoid/>"
        "<TransactionLink><WorkstationID>1</WorkstationID><SequenceNumber>7</SequenceNumber>"
        "<BusinessDayDate>2025-03-08</BusinessDayDate></TransactionLink></ControlTransaction></Transaction></POSLog>"
    )
    (found,) = POSLOG.read(body.encode(), "acct")
    assert found.transaction is not None
    assert found.transaction.kind is Kind.POST_VOID
    assert [(link.role, link.transaction_id) for link in found.transaction.links] == [
        (LinkRole.VOIDS, "1-1-20250308-7")
    ]


def test_case_61_62_63_and_65_money_in_and_out_has_its_sign_whatever_it_came_with() -> None:
    moved = [(one.kind, one.cash_movement) for one in receipts("cash__every_movement")]
    assert [(str(kind), str(one.amount), one.reason_code) for kind, one in moved if one] == [
        ("FLOAT", "150.00", None), ("PAID_OUT", "-12.50", "WINDOW"), ("PAID_IN", "3.00", "4711"), ("PICKUP", "-100.00", None),
        ("SAFE_DROP", "-80.00", None), ("BANK_DROP", "-70.00", None),
    ]  # fmt: skip


def test_case_71_a_declaration_of_several_tenders() -> None:
    *_, one = receipts("cash__every_movement")
    assert (one.kind, one.cash_movement) == (Kind.TENDER_DECLARATION, None)
    assert one.shift_record is not None
    assert one.shift_record.shift == "D1"
    assert [(each.tender, str(each.amount)) for each in one.shift_record.counted] == [
        ("Cash", "140.25"),
        ("Voucher", "20.00"),
    ]


def test_case_80_one_that_cannot_be_read_never_stops_its_neighbour() -> None:
    text = (FOLDER / "cash__every_movement.xml").read_text("utf-8").replace("150.00", "much", 1)
    wrong, *others = POSLOG.read(text.encode(), "acct")
    assert (wrong.transaction, wrong.transaction_id) == (None, "1-1-20250308-1")
    assert all(one.transaction is not None for one in others)


def test_case_82_training_is_told_in_either_spelling() -> None:
    for flag in ("true", "1"):
        text = document(sold("A", "5.00")).replace(
            "<Transaction>", f'<Transaction TrainingModeFlag="{flag}">'
        )
        (found,) = POSLOG.read(text.encode(), "acct")
        assert found.transaction is not None
        assert (found.transaction.training, problems_of(found.transaction)) == (True, ())


def test_case_84_numbers_beyond_what_a_float_holds_are_kept() -> None:
    text = document(sold("9007199254740993", "5.00"), paid("5.00")).replace(
        "<SequenceNumber>7<", "<SequenceNumber>900719925474099<", 1
    )
    (found,) = POSLOG.read(text.encode(), "acct")
    assert found.transaction is not None
    assert found.transaction_id == "1-1-20250308-900719925474099"
    assert found.transaction.lines[0].item == "9007199254740993"


def test_case_86_a_time_in_utc_counts_beside_one_without_zone() -> None:
    (one,) = receipts("return__negative_quantity")
    assert one.completed_at == datetime(2025, 3, 8, 11, 1, tzinfo=UTC)
    assert "naive_times" not in one.extra


def test_case_88_without_a_business_day_the_printed_date_is_in_the_id_and_the_day_is_ours_to_compute() -> (
    None
):
    (one,) = receipts("return__positive_amounts")
    assert (one.transaction_id, one.business_day) == ("4-1-20250309-902", None)
    assert one.completed_at == datetime(2025, 3, 8, 23, 30, tzinfo=UTC)


def test_case_91_a_currency_without_cents() -> None:
    text = document(sold("A", "500"), paid("500"), grand="500").replace("EUR", "JPY")
    (found,) = POSLOG.read(text.encode(), "acct")
    assert found.transaction is not None
    assert problems_of(found.transaction) == ()


def test_case_92_what_a_vendor_adds_changes_nothing_but_a_line_that_may_be_money_is_refused() -> None:
    text = document(sold("A", "5.00"), paid("5.00"), grand="5.00")
    more = text.replace(
        "<CurrencyCode>", '<x:Shelf xmlns:x="http://example.test/x">9</x:Shelf><Mood/><CurrencyCode>'
    )
    first, second = POSLOG.read(text.encode(), "acct")[0], POSLOG.read(more.encode(), "acct")[0]
    assert first.transaction == second.transaction
    odd = arrival(sold("A", "5.00"), "<LineItem><Layaway/></LineItem>", paid("5.00"))
    assert odd.problems[0].found == "Layaway"


@pytest.mark.parametrize("amount", ["9" * 28, "-" + "9" * 28, "1" + "0" * 15])
def test_an_amount_far_beyond_any_receipt_is_refused_wherever_it_stands(amount: str) -> None:
    taxes = f"<Tax><TaxGroupID>V</TaxGroupID><Amount>{amount}</Amount></Tax>"
    off = f"<LineItem><Discount><Amount>{amount}</Amount></Discount></LineItem>"
    for items in (
        (sold("A", amount), paid("5.00")), (sold("A", "5.00"), paid(amount)), (sold("A", "5.00", inner=taxes), paid("5.00")),
        (sold("A", "5.00"), off, paid("5.00")), (sold("A", "5.00", amount), paid("5.00")),
    ):  # fmt: skip
        found = arrival(*items)
        assert found.transaction is None
        assert found.problems[0].expected == "less than 1000000000000000"
    largest = receipt(sold("A", "999999999999999"), paid("999999999999999"))
    assert problems_of(largest) == ()


@pytest.mark.parametrize("off", ["0.01", "1.00"])
def test_case_93_a_total_that_is_off_is_held_with_the_difference(off: str) -> None:
    one = receipt(sold("A", "5.00"), paid("5.00"), grand=str(Decimal("5.00") + Decimal(off)))
    assert [problem.rule for problem in problems_of(one)] == ["I6 control total"]


def test_a_pack_is_counted_in_units_only_where_the_price_proves_it() -> None:
    (one,) = receipts("sale__version_6_every_part")
    assert one.lines[0].quantity == Decimal(2)
    assert one.lines[0].unit_price is None  # what is left of it once the deposit is apart


def sample(name: str) -> list[Arrival]:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the published samples are not here: {path}")
    return POSLOG.read(path.read_bytes(), "acct")


def test_the_published_digital_receipt_of_a_return_is_sent() -> None:
    (found,) = sample("swedish/swe-standard-dr-return.xml")
    one = found.transaction
    assert one is not None
    assert problems_of(one) == ()
    assert told(one.lines) == [("923048", "-1", "-49.00", "-49.00", "-9.80")]
    assert one.transaction_id == "65252-1-20171205-123789798712433"
    assert b"2210228884" not in found.document
    assert b"LocalNumber" not in found.document


def test_the_published_digital_receipt_of_a_sale_is_held_since_its_lines_are_25_more_than_its_money() -> None:
    (found,) = sample("swedish/swe-standard-dr-sale.xml")
    one = found.transaction
    assert one is not None
    assert total(line.net for line in one.lines) == Decimal("583.50")
    assert (one.amount_due, one.amount_paid) == (Decimal("583.00"), Decimal("558.00"))
    assert problems_of(one)[0].found == "558.00 SEK, a difference of -25.00"


def test_the_published_quarter_hour_and_the_receipt_after_midnight_are_sent_or_counted() -> None:
    found = [*sample("ncr/POSLog.xml"), *sample("ncr/SMALL.xml")]
    read = [one.transaction for one in found if one.transaction is not None]
    assert len(read) == len(found) == 53
    sales = [one for one in read if one.kind is Kind.SALES]
    assert (len(sales), len([one for one in read if one.kind is Kind.NO_SALE])) == (43, 10)
    assert [problems_of(one) for one in sales] == [()] * 43
    assert read[-1].business_day == date(2017, 9, 30)
    assert read[-1].completed_at == datetime(2017, 10, 1, 2, 2, 54, tzinfo=UTC)
