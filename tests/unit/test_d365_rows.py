"""What D365 gets for a receipt, compared with rows written by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shared.d365 import entities
from shared.d365.records import header_row
from shared.d365.rows import transaction_rows
from shared.d365.shifts import shift_rows
from shared.d365.values import cell_text, decimal_text, row_json
from shared.errors import RejectedError
from shared.retail.mapped import D365Key, MappedLine, MappedShift, MappedTender, MappedTransaction, StoreSetup
from shared.retail.transaction import (
    CashMovement,
    Discount,
    ForeignMoney,
    Kind,
    Line,
    LineKind,
    Link,
    LinkRole,
    Rounding,
    RoundingReason,
    Tax,
    Tender,
    TenderRole,
    TenderStatus,
    TenderType,
    Transaction,
)

STORE = StoreSetup(
    store="367",
    legal_entity="usrt",
    store_number="HOUSTON",
    operating_unit="052",
    channel_id="5637144592",
    warehouse="HOUSTON",
    site="CENTRAL",
    tax_group="TX",
    currency="USD",
    prices_include_tax=False,
    time_zone="America/Chicago",
    closing_time="00:00",
    customer_account="100001",
    account="canonical-east",
    rounding_limit=Decimal("0.05"),
)
KEY = D365Key("usrt", "052", "HOUSTON-1", "367-1-1-20171223-17")
# 23:59:58 in Chicago on the 22nd is 05:59:58 UTC on the 23rd.
COMPLETED_AT = datetime(2017, 12, 23, 5, 59, 58, tzinfo=UTC)


def sold(number: int, quantity: str, gross: str, *taxes: Tax, **more: object) -> Line:
    discounts = more.get("discounts", ())
    net = Decimal(gross) - sum((one.amount for one in discounts), Decimal(0))  # type: ignore[attr-defined]
    return Line(number, "1004906", Decimal(quantity), Decimal(gross), net, taxes=taxes, **more)  # type: ignore[arg-type]


def vat(amount: str, rate: str = "20", *, inclusive: bool = False) -> Tax:
    return Tax("VAT20", Decimal(amount), Decimal(rate), inclusive=inclusive)


def cash(number: int, amount: str, role: TenderRole = TenderRole.PAYMENT) -> Tender:
    return Tender(number, TenderType.CASH, "CASH", Decimal(amount), role)


def receipt(lines: tuple[Line, ...], tenders: tuple[Tender, ...], **more: object) -> Transaction:
    return Transaction(
        account="canonical-east",
        store="367",
        transaction_id="t-17",
        terminal="1",
        completed_at=COMPLETED_AT,
        currency="USD",
        receipt_number="367-1-0017",
        lines=lines,
        tenders=tenders,
        **more,  # type: ignore[arg-type]
    )


def mapped(
    transaction: Transaction, returns: tuple[D365Key, int] | None = None, **more: object
) -> MappedTransaction:
    lines = tuple(
        MappedLine(
            line, line.item or "", "ea", "HOUSTON", "TX", "FULL", tuple("TX20" for _ in line.taxes),
            returns if line.is_return else None,
        )
        for line in transaction.lines
    )  # fmt: skip
    methods = {"CASH": "1", "CARD": "2", "EUR": "6"}
    tenders = tuple(MappedTender(tender, methods[tender.code]) for tender in transaction.tenders)
    values: dict[str, object] = {"shift_number": 201712231001, **more}
    return MappedTransaction(
        key=KEY,
        transaction=transaction,
        store=STORE,
        business_day=date(2017, 12, 22),
        local_completed_at=COMPLETED_AT.astimezone(ZoneInfo("America/Chicago")),
        lines=lines,
        tenders=tenders,
        **values,  # type: ignore[arg-type]
    )


def rows(transaction: Transaction, **more: object) -> dict[str, list[dict[str, object]]]:
    return transaction_rows(mapped(transaction, **more), "P0001")  # type: ignore[arg-type, return-value]


def picked(row: dict[str, object], *names: str) -> dict[str, object]:
    return {name: row[name] for name in names}


GOLDEN_SALE = receipt(
    (sold(1, "2", "20.00", vat("4.00")),), (cash(1, "30.00"), cash(2, "-6.00", TenderRole.CHANGE))
)
GOLDEN_RETURN = receipt((sold(1, "-1", "-10.00", vat("-2.00")),), (cash(1, "-12.00", TenderRole.REFUND),))
RECEIPT_KEY = {
    "dataAreaId": "usrt",
    "OperatingUnitNumber": "052",
    "Terminal": "HOUSTON-1",
    "TransactionNumber": "367-1-1-20171223-17",
}


def test_the_golden_sale_gives_its_header_to_the_letter() -> None:
    assert rows(GOLDEN_SALE)[entities.HEADERS] == [
        {
            **RECEIPT_KEY,
            "TransactionType": "Sales",
            "TransactionStatus": "None",
            "RreceiptId": "367-1-0017",
            "RefundReceiptId": "",
            "businessDate": "2017-12-22T12:00:00Z",
            "TransactionDate": "2017-12-22T12:00:00Z",
            "BeginDateTime": "2017-12-23T05:59:58Z",
            "TransactionTime": 86398,
            "Currency": "USD",
            "ExchangeRate": Decimal(100),
            "CustomerAccount": "100001",
            "Staff": "",
            "Warehouse": "HOUSTON",
            "SiteId": "CENTRAL",
            "BatchID": 201712231001,
            "BatchTerminalId": "HOUSTON-1",
            "GrossAmount": Decimal(-24),
            "NetAmount": Decimal(-20),
            "PaymentAmount": Decimal(24),
            "DiscountAmount": Decimal(0),
            "IncomeExpenseAmount": Decimal(0),
            "SalesPaymentDifference": Decimal(0),
            "NumberOfItems": Decimal(2),
            "NumberOfItemLines": Decimal(1),
            "NumberOfPaymentLines": 2,
            "IsTaxIncludedInPrice": "No",
            "SaleIsReturnSale": "No",
            "CreatedOffline": "No",
            "Comment": "P0001",
        }
    ]


def test_the_golden_sale_gives_its_line_to_the_letter() -> None:
    assert rows(GOLDEN_SALE)[entities.SALES_LINES] == [
        {
            **RECEIPT_KEY,
            "LineNumber": Decimal(1),
            "ItemId": "1004906",
            "VariantNumber": "",
            "Unit": "ea",
            "Quantity": Decimal(-2),
            "UnitQuantity": Decimal(-2),
            "Price": Decimal(10),
            "NetPrice": Decimal(10),
            "NetAmount": Decimal(-20),
            "NetAmountInclusiveTax": Decimal(-24),
            "SalesTaxAmount": Decimal(-4),
            "LineDiscount": Decimal(0),
            "CashDiscountAmount": Decimal(0),
            "SalesTaxGroup": "TX",
            "ItemSalesTaxGroup": "FULL",
            "Currency": "USD",
            "Warehouse": "HOUSTON",
            "SiteId": "CENTRAL",
            "SerialNumber": "",
            "ReceiptNumber": "367-1-0017",
            "TransactionCode": "ItemOnFile",
            "TransactionStatus": "None",
            "GiftCard": "No",
            "IsReturnNoSale": "No",
            "BusinessDate": "2017-12-22T12:00:00Z",
            "TransactionDate": "2017-12-22T12:00:00Z",
            "ReturnOperatingUnitNumber": "",
            "ReturnTerminal": "",
            "ReturnTransactionNumber": "",
            "ReturnLineNumber": Decimal(0),
            "ReturnQuantity": Decimal(0),
        }
    ]


def test_the_golden_sale_gives_its_tax_and_payments_to_the_letter() -> None:
    sale = rows(GOLDEN_SALE)
    assert sale[entities.TAXES] == [
        {
            **RECEIPT_KEY,
            "SalesLineNumber": Decimal(1),
            "TaxCode": "TX20",
            "TaxAmount": Decimal(-4),
            "TaxPercentage": Decimal(20),
            "IsTaxIncludedInPrice": "No",
            "IsExempt": "No",
        }
    ]
    paid = [
        picked(row, "LineNumber", "TenderType", "AmountTendered", "IsChangeLine")
        for row in sale[entities.PAYMENTS]
    ]
    assert paid == [
        {"LineNumber": Decimal(1), "TenderType": "1", "AmountTendered": Decimal(30), "IsChangeLine": "No"},
        {"LineNumber": Decimal(2), "TenderType": "1", "AmountTendered": Decimal(-6), "IsChangeLine": "Yes"},
    ]
    assert {row["Store"] for row in sale[entities.PAYMENTS]} == {"HOUSTON"}
    assert sale[entities.DISCOUNTS] == []
    assert sale[entities.INCOME_EXPENSES] == []


def test_the_golden_return_is_positive_in_goods_and_negative_in_money() -> None:
    back = rows(GOLDEN_RETURN, returns=(replace(KEY, transaction_number="367-1-1-20171201-3"), 2))
    names = (
        "GrossAmount",
        "NetAmount",
        "PaymentAmount",
        "NumberOfItems",
        "SaleIsReturnSale",
        "SalesPaymentDifference",
    )
    assert picked(back[entities.HEADERS][0], *names) == {
        "GrossAmount": Decimal(12),
        "NetAmount": Decimal(10),
        "PaymentAmount": Decimal(-12),
        "NumberOfItems": Decimal(1),
        "SaleIsReturnSale": "Yes",
        "SalesPaymentDifference": Decimal(0),
    }
    line = back[entities.SALES_LINES][0]
    assert picked(line, "Quantity", "Price", "NetAmount", "SalesTaxAmount", "NetAmountInclusiveTax") == {
        "Quantity": Decimal(1),
        "Price": Decimal(10),
        "NetAmount": Decimal(10),
        "SalesTaxAmount": Decimal(2),
        "NetAmountInclusiveTax": Decimal(12),
    }
    assert picked(
        line, "ReturnTransactionNumber", "ReturnLineNumber", "ReturnQuantity", "IsReturnNoSale"
    ) == {
        "ReturnTransactionNumber": "367-1-1-20171201-3",
        "ReturnLineNumber": Decimal(2),
        "ReturnQuantity": Decimal(1),
        "IsReturnNoSale": "No",
    }
    assert picked(line, "ReturnOperatingUnitNumber", "ReturnTerminal") == {
        "ReturnOperatingUnitNumber": "052",
        "ReturnTerminal": "HOUSTON-1",
    }
    assert back[entities.TAXES][0]["TaxAmount"] == Decimal(2)
    assert back[entities.PAYMENTS][0]["AmountTendered"] == Decimal(-12)
    assert back[entities.PAYMENTS][0]["IsChangeLine"] == "No"


def test_a_return_without_its_receipt_says_so_and_names_the_receipt_if_the_till_did() -> None:
    original = Link(LinkRole.ORIGINAL, receipt_number="HOUSTON-2017-12-01-000003")
    line = sold(1, "-1", "-10.00", vat("-2.00"), original=original)
    back = rows(receipt((line,), (cash(1, "-12.00", TenderRole.REFUND),)))
    assert back[entities.SALES_LINES][0]["IsReturnNoSale"] == "Yes"
    assert back[entities.SALES_LINES][0]["ReturnQuantity"] == Decimal(0)
    assert back[entities.HEADERS][0]["RefundReceiptId"] == "-2017-12-01-000003"


def test_a_price_that_includes_tax_is_net_without_it_and_gross_with_it() -> None:
    line = sold(1, "1", "12.00", vat("2.00", inclusive=True))
    sale = rows(receipt((line,), (cash(1, "12.00"),), prices_include_tax=True))
    assert picked(
        sale[entities.SALES_LINES][0],
        "Price",
        "NetPrice",
        "NetAmount",
        "SalesTaxAmount",
        "NetAmountInclusiveTax",
    ) == {
        "Price": Decimal(12),
        "NetPrice": Decimal(10),
        "NetAmount": Decimal(-10),
        "SalesTaxAmount": Decimal(-2),
        "NetAmountInclusiveTax": Decimal(-12),
    }
    header = sale[entities.HEADERS][0]
    assert picked(header, "NetAmount", "GrossAmount", "PaymentAmount", "IsTaxIncludedInPrice") == {
        "NetAmount": Decimal(-10),
        "GrossAmount": Decimal(-12),
        "PaymentAmount": Decimal(12),
        "IsTaxIncludedInPrice": "Yes",
    }
    assert sale[entities.TAXES][0]["IsTaxIncludedInPrice"] == "Yes"
    assert sale[entities.TAXES][0]["TaxAmount"] == Decimal(-2)


def test_a_split_tender_keeps_each_payment_and_their_order() -> None:
    card = Tender(1, TenderType.CARD, "CARD", Decimal("20.00"))
    failed = Tender(3, TenderType.CARD, "CARD", Decimal("4.00"), status=TenderStatus.FAILED)
    sale = rows(receipt((sold(1, "2", "20.00", vat("4.00")),), (cash(2, "4.00"), card, failed)))
    paid = [picked(row, "LineNumber", "TenderType", "AmountTendered") for row in sale[entities.PAYMENTS]]
    assert paid == [
        {"LineNumber": Decimal(1), "TenderType": "2", "AmountTendered": Decimal(20)},
        {"LineNumber": Decimal(2), "TenderType": "1", "AmountTendered": Decimal(4)},
    ]
    assert picked(sale[entities.HEADERS][0], "PaymentAmount", "NumberOfPaymentLines") == {
        "PaymentAmount": Decimal(24),
        "NumberOfPaymentLines": 2,
    }


def test_discounts_are_positive_on_a_sale_and_negative_on_a_return() -> None:
    off = (Discount(Decimal("1.50"), code="LOYALTY"), Discount(Decimal("0.50"), scope="BASKET"))
    sale = rows(receipt((sold(1, "2", "20.00", discounts=off),), (cash(1, "18.00"),)))
    assert [row["DiscountAmount"] for row in sale[entities.DISCOUNTS]] == [Decimal("1.50"), Decimal("0.50")]
    assert [row["LineNumber"] for row in sale[entities.DISCOUNTS]] == [Decimal(1), Decimal(2)]
    line = sale[entities.SALES_LINES][0]
    assert picked(line, "LineDiscount", "CashDiscountAmount", "Price", "NetPrice", "NetAmount") == {
        "LineDiscount": Decimal(2),
        "CashDiscountAmount": Decimal(2),
        "Price": Decimal(10),
        "NetPrice": Decimal(9),
        "NetAmount": Decimal(-18),
    }
    assert sale[entities.HEADERS][0]["DiscountAmount"] == Decimal(2)

    less = (Discount(Decimal("-1.00")),)
    back = rows(receipt((sold(1, "-1", "-10.00", discounts=less),), (cash(1, "-9.00", TenderRole.REFUND),)))
    assert back[entities.DISCOUNTS][0]["DiscountAmount"] == Decimal(-1)
    assert back[entities.SALES_LINES][0]["LineDiscount"] == Decimal(-1)
    assert back[entities.SALES_LINES][0]["NetAmount"] == Decimal(9)
    assert back[entities.HEADERS][0]["DiscountAmount"] == Decimal(-1)


def test_a_gift_card_line_is_marked_and_its_number_stays_here() -> None:
    line = sold(1, "1", "50.00", kind=LineKind.GIFT_CARD_ISSUE, gift_card="6006491234567890")
    sale = rows(receipt((line,), (cash(1, "50.00"),)))
    assert sale[entities.SALES_LINES][0]["GiftCard"] == "Yes"
    assert "6006491234567890" not in str(sale)


def test_cash_rounding_is_the_difference_of_gross_and_payment() -> None:
    line = sold(1, "1", "9.98")
    rounding = (Rounding(RoundingReason.CASH, Decimal("0.02")),)
    header = rows(receipt((line,), (cash(1, "10.00"),), rounding=rounding))[entities.HEADERS][0]
    assert picked(header, "GrossAmount", "PaymentAmount", "SalesPaymentDifference") == {
        "GrossAmount": Decimal("-9.98"),
        "PaymentAmount": Decimal("10.00"),
        "SalesPaymentDifference": Decimal("0.02"),
    }


def test_a_line_of_quantity_zero_has_price_zero() -> None:
    sale = rows(receipt((sold(1, "0", "0.00"), sold(2, "1", "3.00")), (cash(1, "3.00"),)))
    line = sale[entities.SALES_LINES][0]
    assert picked(line, "Quantity", "Price", "NetPrice", "NetAmount") == {
        "Quantity": Decimal(0),
        "Price": Decimal(0),
        "NetPrice": Decimal(0),
        "NetAmount": Decimal(0),
    }
    assert cell_text(line["Quantity"]) == "0"  # type: ignore[arg-type]
    assert sale[entities.HEADERS][0]["NumberOfItemLines"] == Decimal(2)


def test_a_sale_after_midnight_keeps_its_calendar_date_beside_its_business_day() -> None:
    at = datetime(2017, 12, 23, 0, 30, tzinfo=ZoneInfo("America/Chicago"))
    late = replace(mapped(GOLDEN_SALE), local_completed_at=at)
    sent = transaction_rows(late, "P0001")
    for row, business_day in (
        (sent[entities.HEADERS][0], "businessDate"),
        (sent[entities.SALES_LINES][0], "BusinessDate"),
    ):
        assert row[business_day] == "2017-12-22T12:00:00Z"
        assert row["TransactionDate"] == "2017-12-23T12:00:00Z"
    assert sent[entities.HEADERS][0]["TransactionTime"] == 1800


def test_an_exchange_is_no_return_and_counts_both_items() -> None:
    lines = (sold(1, "-1", "-10.00", vat("-2.00")), sold(2, "1", "15.00", vat("3.00")))
    header = rows(receipt(lines, (cash(1, "6.00"),)))[entities.HEADERS][0]
    assert picked(
        header, "GrossAmount", "NetAmount", "PaymentAmount", "NumberOfItems", "SaleIsReturnSale"
    ) == {
        "GrossAmount": Decimal(-6),
        "NetAmount": Decimal(-5),
        "PaymentAmount": Decimal(6),
        "NumberOfItems": Decimal(2),
        "SaleIsReturnSale": "No",
    }


def test_a_price_the_till_does_not_give_is_computed_to_six_decimals() -> None:
    assert rows(receipt((sold(1, "3", "10.00"),), (cash(1, "10.00"),)))[entities.SALES_LINES][0][
        "Price"
    ] == Decimal("3.333333")
    given = sold(1, "3", "10.00", unit_price=Decimal("3.34"))
    assert rows(receipt((given,), (cash(1, "10.00"),)))[entities.SALES_LINES][0]["Price"] == Decimal("3.34")


def test_two_taxes_of_one_line_under_one_d365_code_are_one_row() -> None:
    line = sold(
        1, "1", "10.00", Tax("CITY", Decimal("0.10"), Decimal(1)), Tax("STATE", Decimal("0.40"), Decimal(4))
    )
    taxes = rows(receipt((line,), (cash(1, "10.50"),)))[entities.TAXES]
    assert [row["TaxAmount"] for row in taxes] == [Decimal("-0.50")]


def test_a_tax_without_a_d365_code_is_refused_unless_it_is_nothing() -> None:
    def with_code(amount: str) -> MappedTransaction:
        made = mapped(receipt((sold(1, "1", "10.00", vat(amount)),), (cash(1, "10.00"),)))
        return replace(made, lines=(replace(made.lines[0], tax_codes=("",)),))

    assert transaction_rows(with_code("0.00"), "P0001")[entities.TAXES] == []
    with pytest.raises(RejectedError, match="no D365 tax code"):
        transaction_rows(with_code("2.00"), "P0001")


def test_cash_paid_in_and_out_goes_to_an_income_or_expense_account() -> None:
    paid_out = receipt(
        (),
        (cash(1, "-20.00", TenderRole.REFUND),),
        kind=Kind.PAID_OUT,
        cash_movement=CashMovement("CASH", Decimal("-20.00")),
    )
    sent = rows(paid_out, income_account="EXP-01", income_account_type="Expense")
    assert picked(
        sent[entities.INCOME_EXPENSES][0], "AccountNumber", "AccountType", "Amount", "StoreNumber"
    ) == {
        "AccountNumber": "EXP-01",
        "AccountType": "Expense",
        "Amount": Decimal(20),
        "StoreNumber": "HOUSTON",
    }
    names = (
        "TransactionType",
        "GrossAmount",
        "IncomeExpenseAmount",
        "PaymentAmount",
        "SalesPaymentDifference",
    )
    assert picked(sent[entities.HEADERS][0], *names) == {
        "TransactionType": "IncomeExpense",
        "GrossAmount": Decimal(0),
        "IncomeExpenseAmount": Decimal(20),
        "PaymentAmount": Decimal(-20),
        "SalesPaymentDifference": Decimal(0),
    }
    assert sent[entities.SALES_LINES] == []


def test_foreign_cash_keeps_what_was_handed_over_and_what_it_counts_for() -> None:
    euros = Tender(
        1,
        TenderType.FOREIGN_CASH,
        "EUR",
        Decimal("24.00"),
        fx=ForeignMoney("EUR", Decimal("20.00"), Decimal("1.2")),
    )
    row = rows(receipt((sold(1, "2", "20.00", vat("4.00")),), (euros,)))[entities.PAYMENTS][0]
    names = ("AmountTendered", "AmountInTenderedCurrency", "CurrencyCode", "ExchangeRateInTenderedCurrency")
    assert picked(row, *names) == {
        "AmountTendered": Decimal(24),
        "AmountInTenderedCurrency": Decimal(20),
        "CurrencyCode": "EUR",
        "ExchangeRateInTenderedCurrency": Decimal(120),
    }


def test_a_long_receipt_number_keeps_its_last_18_characters() -> None:
    sale = replace(GOLDEN_SALE, receipt_number="STORE-367-TILL-1-00000017")
    assert rows(sale)[entities.HEADERS][0]["RreceiptId"] == "67-TILL-1-00000017"


def test_a_value_too_long_for_d365_is_refused_by_name() -> None:
    made = mapped(GOLDEN_SALE)
    with pytest.raises(RejectedError) as caught:
        transaction_rows(replace(made, key=replace(KEY, transaction_number="x" * 45)), "P0001")
    assert caught.value.expected == "at most 44 characters"
    assert "TransactionNumber" in caught.value.field


def test_a_kind_without_rows_is_refused() -> None:
    with pytest.raises(RejectedError, match="NO_SALE has no D365 rows"):
        rows(replace(GOLDEN_SALE, kind=Kind.NO_SALE))


def test_every_row_has_every_field_of_its_entity_and_no_other() -> None:
    off = (Discount(Decimal("1.00")),)
    lines = (sold(1, "2", "20.00", vat("4.00"), discounts=off),)
    sent = {**rows(receipt(lines, (cash(1, "23.00"),))), **shift_rows(SHIFT)}
    sent |= {
        entities.INCOME_EXPENSES: rows(
            replace(GOLDEN_SALE, kind=Kind.PAID_IN, lines=()),
            income_account="I",
            income_account_type="Income",
        )[entities.INCOME_EXPENSES]
    }
    assert set(sent) == set(entities.ENTITIES)
    for label, found in sent.items():
        assert found, label
        for row in found:
            assert set(row) == {field.name for field in entities.ENTITIES[label].fields}, label


def test_what_is_read_back_equals_what_was_sent() -> None:
    sent = rows(GOLDEN_SALE)[entities.HEADERS][0]
    read_back = {**sent, "GrossAmount": Decimal("-24.00"), "NumberOfPaymentLines": 2, "dataAreaId": "USRT"}
    assert header_row(read_back) == header_row(sent)
    assert header_row({**sent, "GrossAmount": Decimal("-24.01")}).figures != header_row(sent).figures
    assert header_row(sent).package == "P0001"


def test_a_header_that_headquarters_posted_is_unchanged_and_a_voided_one_is_not() -> None:
    sent = rows(GOLDEN_SALE)[entities.HEADERS][0]
    assert header_row({**sent, "TransactionStatus": "Posted"}).figures == header_row(sent).figures
    assert header_row({**sent, "TransactionStatus": "Voided"}).figures != header_row(sent).figures


SHIFT = MappedShift(
    legal_entity="usrt",
    operating_unit="052",
    store_number="HOUSTON",
    terminal="HOUSTON-1",
    shift_number=201712231001,
    business_day=date(2017, 12, 22),
    opened_at=datetime(2017, 12, 22, 14, 0, 0, tzinfo=UTC),
    closed_at=datetime(2017, 12, 23, 6, 30, 5, tzinfo=UTC),
    time_zone="America/Chicago",
    transactions=17,
    sales_count=15,
    returns_count=2,
    sales_total=Decimal("400.00"),
    returns_total=Decimal("-30.00"),
    tax_total=Decimal("32.00"),
    discount_total=Decimal("5.00"),
    rounded_total=Decimal("-0.02"),
)


def test_a_closed_shift_has_its_times_in_utc_and_on_the_store_s_wall_clock() -> None:
    assert shift_rows(SHIFT)[entities.SHIFTS] == [
        {
            "dataAreaId": "usrt",
            "OperationUnitNumber": "052",
            "Terminal": "HOUSTON-1",
            "BatchShiftId": 201712231001,
            "StoreNumber": "HOUSTON",
            "Status": "Closed",
            "StartDateTimeUtc": "2017-12-22T14:00:00Z",
            "CloseDateTimeUtc": "2017-12-23T06:30:05Z",
            "StartDate": "2017-12-22T12:00:00Z",
            "CloseDate": "2017-12-23T12:00:00Z",
            "StartTime": 28800,
            "CloseTime": 1805,
            "ClosedAtRegisterNumber": "HOUSTON-1",
            "TransactionsCount": 17,
            "SalesCount": 15,
            "ReturnsCount": 2,
            "SalesTotal": Decimal("400.00"),
            "ReturnsTotal": Decimal("30.00"),
            "TaxTotal": Decimal("32.00"),
            "DiscountTotalAmount": Decimal("5.00"),
            "RoundedAmountTotal": Decimal("-0.02"),
            "HasPendingOfflineTransactions": "No",
        }
    ]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("-20.00", "-20"), ("4.50", "4.5"), ("0.00", "0"), ("-0.00", "0"), ("1E+3", "1000"), ("1E-7",
        "0.0000001"),
        ("100", "100"), ("12345678901234567890.12", "12345678901234567890.12"),
    ],
)  # fmt: skip
def test_a_decimal_is_plain_text_with_a_point(amount: str, text: str) -> None:
    assert decimal_text(Decimal(amount)) == text


def test_a_line_break_in_a_text_cannot_shift_the_rows_below() -> None:
    assert cell_text("one\r\ntwo\tthree") == "one  two three"


def test_json_rows_keep_decimals_digit_for_digit() -> None:
    row = {"A": 'x"y', "B": Decimal("-12345678901234567890.10"), "C": 7}
    assert row_json(row) == '{"A":"x\\"y","B":-12345678901234567890.1,"C":7}'
