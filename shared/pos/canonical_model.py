"""The canonical JSON's shape as pydantic models: strict, unknown fields refused but inside `extra`.

Field by field what `shared.retail.transaction` holds; `transaction_from` turns a validated model into it. The
sign is the store's view: sold and money in +, returned and money out -.
"""

from __future__ import annotations

import json
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from shared.pos.adapter import LINES_MAX, TENDERS_MAX
from shared.pos.canonical_values import (
    Amount,
    Count,
    Currency,
    Day,
    Extra,
    Id,
    Instant,
    Number,
    Text,
    till_name,
    unexpected,
)
from shared.retail import transaction as retail

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)
_BY_VALUE = Field(strict=False)

Kind = Annotated[retail.Kind, _BY_VALUE]
TillName = Annotated[Id, AfterValidator(till_name)]
TillStatus = Annotated[retail.TillStatus, _BY_VALUE]
LineKind = Annotated[retail.LineKind, _BY_VALUE]
TenderType = Annotated[retail.TenderType, _BY_VALUE]
TenderRole = Annotated[retail.TenderRole, _BY_VALUE]
TenderStatus = Annotated[retail.TenderStatus, _BY_VALUE]
LinkRole = Annotated[retail.LinkRole, _BY_VALUE]
RoundingReason = Annotated[retail.RoundingReason, _BY_VALUE]
Disposition = Annotated[retail.Disposition, _BY_VALUE]


class LinkModel(BaseModel):
    model_config = _STRICT
    role: LinkRole
    transaction_id: Id | None = None
    store: Id | None = None
    terminal: Id | None = None
    business_day: Day | None = None
    sequence_number: Count | None = None
    receipt_number: Id | None = None
    line_number: Number | None = None


class OriginalModel(LinkModel):
    """Where a returned line was sold; its role goes without saying."""

    role: LinkRole = retail.LinkRole.ORIGINAL


class DiscountModel(BaseModel):
    model_config = _STRICT
    amount: Amount
    scope: Literal["LINE", "BASKET"] = "LINE"
    method: Literal["PERCENT", "AMOUNT", "NEW_PRICE"] = "AMOUNT"
    code: Id | None = None
    promotion: Id | None = None
    reason: Text | None = None
    funded_by: Literal["RETAILER", "MANUFACTURER", "LOYALTY"] = "RETAILER"


class TaxModel(BaseModel):
    model_config = _STRICT
    code: Id
    amount: Amount
    rate: Amount | None = None
    base: Amount | None = None
    inclusive: bool = False
    remitted_by: Literal["MERCHANT", "FACILITATOR"] = "MERCHANT"
    exempt_reason: Text | None = None


class LineModel(BaseModel):
    model_config = _STRICT
    line_number: Number
    item: Id | None = None
    quantity: Amount
    gross: Amount
    net: Amount
    kind: LineKind = retail.LineKind.ITEM
    gtin: Annotated[str, Field(pattern=r"^[0-9]{6,14}$")] | None = None
    description: Text | None = None
    unit: Id | None = None
    unit_price: Amount | None = None
    discounts: Annotated[list[DiscountModel], Field(max_length=100)] = []
    taxes: Annotated[list[TaxModel], Field(max_length=100)] = []
    original: OriginalModel | None = None
    return_reason: Text | None = None
    disposition: Disposition | None = None
    gift_card: Id | None = None
    serial: Id | None = None
    parent_line_number: Number | None = None


class CardModel(BaseModel):
    model_config = _STRICT
    brand: Id | None = None
    last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    reference: Id | None = None


class ForeignMoneyModel(BaseModel):
    model_config = _STRICT
    currency: Currency
    amount: Amount
    rate: Amount


class TenderModel(BaseModel):
    model_config = _STRICT
    tender_number: Number
    type: TenderType
    code: Id
    amount: Amount
    role: TenderRole = retail.TenderRole.PAYMENT
    status: TenderStatus = retail.TenderStatus.CAPTURED
    card: CardModel | None = None
    gift_card: Id | None = None
    fx: ForeignMoneyModel | None = None
    tip_portion: Amount | None = None


class RoundingModel(BaseModel):
    model_config = _STRICT
    reason: RoundingReason
    amount: Amount
    tender_number: Number | None = None


class CashMovementModel(BaseModel):
    model_config = _STRICT
    tender: Id
    amount: Amount
    reason_code: Id | None = None
    note: Text | None = None


class DenominationModel(BaseModel):
    model_config = _STRICT
    value: Amount
    count: Count


class CountedModel(BaseModel):
    model_config = _STRICT
    tender: Id
    currency: Currency
    amount: Amount
    denominations: Annotated[list[DenominationModel], Field(max_length=100)] = []


class CodeAmountModel(BaseModel):
    model_config = _STRICT
    code: Id
    amount: Amount


class ShiftTotalsModel(BaseModel):
    model_config = _STRICT
    transactions: Count
    total: Amount
    sales: Amount = Decimal(0)
    returns: Amount = Decimal(0)
    discounts: Amount = Decimal(0)
    rounding: Amount = Decimal(0)
    gift_cards_issued: Amount = Decimal(0)
    taxes: Annotated[list[CodeAmountModel], Field(max_length=1000)] = []
    tenders: Annotated[list[CodeAmountModel], Field(max_length=1000)] = []
    first_sequence: Count | None = None
    last_sequence: Count | None = None

    @field_validator("taxes", "tenders")
    @classmethod
    def _each_code_once(cls, amounts: list[CodeAmountModel]) -> list[CodeAmountModel]:
        if len({one.code for one in amounts}) != len(amounts):
            raise unexpected("each code once")
        return amounts


class ShiftRecordModel(BaseModel):
    model_config = _STRICT
    shift: Id
    opened_at: Instant
    closed_at: Instant | None = None
    opened_by: Id | None = None
    closed_by: Id | None = None
    business_day: Day | None = None
    opening_float: Amount | None = None
    counted: Annotated[list[CountedModel], Field(max_length=1000)] = []
    totals: ShiftTotalsModel | None = None


class ControlTotalsModel(BaseModel):
    model_config = _STRICT
    gross: Amount | None = None
    discount: Amount | None = None
    tax: Amount | None = None
    rounding: Amount | None = None
    total: Amount | None = None
    paid: Amount | None = None
    change: Amount | None = None


class TransactionModel(BaseModel):
    """One transaction as a POS or its gateway sends it to POST /api/transactions."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, title="Transaction")
    transaction_id: Id
    store: Id
    terminal: TillName
    completed_at: Instant
    currency: Currency
    kind: Kind = retail.Kind.SALES
    status: TillStatus = retail.TillStatus.COMPLETED
    revision: Id | None = None
    generation: Annotated[int, Field(ge=1, le=9999)] = 1
    receipt_number: Id | None = None
    sequence_number: Count | None = None
    shift: Id | None = None
    drawer: Id | None = None
    drawer_till: TillName | None = None
    drawer_generation: Annotated[int, Field(ge=1, le=99)] | None = None
    operator: Id | None = None
    began_at: Instant | None = None
    business_day: Day | None = None
    offline: bool = False
    training: bool = False
    prices_include_tax: bool = False
    links: Annotated[list[LinkModel], Field(max_length=100)] = []
    lines: Annotated[list[LineModel], Field(max_length=LINES_MAX)] = []
    voided_lines: Annotated[list[LineModel], Field(max_length=LINES_MAX)] = []
    tenders: Annotated[list[TenderModel], Field(max_length=TENDERS_MAX)] = []
    rounding: Annotated[list[RoundingModel], Field(max_length=1000)] = []
    cash_movement: CashMovementModel | None = None
    shift_record: ShiftRecordModel | None = None
    control_totals: ControlTotalsModel | None = None
    extra: Extra = {}


def transaction_from(model: TransactionModel, account: str) -> retail.Transaction:
    """Turn a validated model into the domain's transaction."""
    values = dict(model.__dict__)
    values["links"] = tuple(retail.Link(**one.__dict__) for one in model.links)
    values["lines"] = tuple(_line(one) for one in model.lines)
    values["voided_lines"] = tuple(_line(one) for one in model.voided_lines)
    values["tenders"] = tuple(_tender(one) for one in model.tenders)
    values["rounding"] = tuple(retail.Rounding(**one.__dict__) for one in model.rounding)
    values["extra"] = MappingProxyType(model.extra)
    if model.cash_movement:
        values["cash_movement"] = retail.CashMovement(**model.cash_movement.__dict__)
    if model.shift_record:
        values["shift_record"] = _shift_record(model.shift_record)
    if model.control_totals:
        values["control_totals"] = retail.ControlTotals(**model.control_totals.__dict__)
    return retail.Transaction(account=account, **values)


def _line(model: LineModel) -> retail.Line:
    values = dict(model.__dict__)
    values["discounts"] = tuple(retail.Discount(**one.__dict__) for one in model.discounts)
    values["taxes"] = tuple(retail.Tax(**one.__dict__) for one in model.taxes)
    if model.original:
        values["original"] = retail.Link(**model.original.__dict__)
    return retail.Line(**values)


def _tender(model: TenderModel) -> retail.Tender:
    values = dict(model.__dict__)
    if model.card:
        values["card"] = retail.Card(**model.card.__dict__)
    if model.fx:
        values["fx"] = retail.ForeignMoney(**model.fx.__dict__)
    return retail.Tender(**values)


def _shift_record(model: ShiftRecordModel) -> retail.ShiftRecord:
    values = dict(model.__dict__)
    values["counted"] = tuple(_counted(one) for one in model.counted)
    if model.totals:
        totals = dict(model.totals.__dict__)
        totals["taxes"] = MappingProxyType({one.code: one.amount for one in model.totals.taxes})
        totals["tenders"] = MappingProxyType({one.code: one.amount for one in model.totals.tenders})
        values["totals"] = retail.ShiftTotals(**totals)
    return retail.ShiftRecord(**values)


def _counted(model: CountedModel) -> retail.Counted:
    values = dict(model.__dict__)
    values["denominations"] = tuple(retail.Denomination(**one.__dict__) for one in model.denominations)
    return retail.Counted(**values)


def schema_text() -> str:
    """Give the JSON schema of one transaction, as published in docs/transaction.schema.json."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | TransactionModel.model_json_schema(), indent=2, sort_keys=True) + "\n"
