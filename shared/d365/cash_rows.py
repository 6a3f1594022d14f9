"""Rows of the cash office: what was dropped into the safe or brought to the bank, and what was counted.

Unverified, all of it: amounts are magnitudes here, since the entity says where the money went; a sandbox must confirm it
before a switch is turned (docs/cash-office.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from shared.d365.values import Row, day_text, seconds_of_day
from shared.retail.kinds import Kind
from shared.retail.mapped import MappedTransaction

RATE_OF_ONE = Decimal(100)


def safe_rows(mapped: MappedTransaction) -> Iterator[Row]:
    """Give what went into the safe, a row a tender."""
    return _drop_rows(mapped) if mapped.transaction.kind is Kind.SAFE_DROP else iter(())


def banked_rows(mapped: MappedTransaction) -> Iterator[Row]:
    """Give what went to the bank, a row a tender. The bag's number is not known to tills that send it."""
    return _drop_rows(mapped) if mapped.transaction.kind is Kind.BANK_DROP else iter(())


def _drop_rows(mapped: MappedTransaction) -> Iterator[Row]:
    for one in mapped.tenders:
        amount = abs(one.tender.amount)
        yield {
            "TransactionNumber": mapped.key.transaction_number,
            "Terminal": mapped.key.terminal,
            "StoreNumber": mapped.store.store_number,
            "LineNumber": Decimal(one.tender.tender_number),
            "TenderType": one.payment_method,
            "AmountTendered": amount,
            "AmountCurrency": amount,
            "AmountMST": amount,
            "ExchangeRate": RATE_OF_ONE,
            "ExchangeRateMST": RATE_OF_ONE,
            "Currency": mapped.transaction.currency,
            "Staff": staff_of(mapped),
            **_when(mapped),
        }


def declaration_rows(mapped: MappedTransaction) -> Iterator[Row]:
    """Give what was counted, a row a tender and currency."""
    for number, (counted, method) in enumerate(mapped.counted, start=1):
        yield {
            "dataAreaId": mapped.key.legal_entity,
            "OperatingUnitNumber": mapped.key.operating_unit,
            "StoreNumber": mapped.store.store_number,
            "RegisterNumber": mapped.key.terminal,
            "TransactionId": mapped.key.transaction_number,
            "LineNumber": Decimal(number),
            "AmountInTransactionCurrency": counted.amount,
            "AmountInChannelCurrency": counted.amount,
            "AmountInCompanyCurrency": counted.amount,
            "PaymentMethod": method,
            "TransactionCurrency": counted.currency,
            "ChannelCurrency": mapped.store.currency,
            "OperatorId": staff_of(mapped),
            **_when(mapped),
        }


def _when(mapped: MappedTransaction) -> Row:
    local = mapped.local_completed_at
    return {
        "BusinessDate": day_text(mapped.business_day),
        "TransactionDate": day_text(local.date()),
        "TransactionTime": seconds_of_day(local),
        "TransactionStatus": "None",
    }


def staff_of(mapped: MappedTransaction) -> str:
    """Give who rang it up, as D365 knows them; one that is too long is held: cut short, it would be another person's."""
    return (mapped.transaction.operator or "") if mapped.staff is None else mapped.staff
