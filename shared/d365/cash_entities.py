"""The entities of the cash office: drops to bank and safe, and counts. Used only where a switch says so.

Names are those of Microsoft's common data model (drops) and of an observed `$metadata` (counts); that an import takes
them, and their signs, nobody has confirmed (D365 facts §2.1). Drops have no public set: they go by data package only.
"""

from __future__ import annotations

from shared.d365.entities import COMPANY, DECIMAL, ENUM, INSTANT, INT32, Entity, Field

BANKED = "Banked tender transactions"
SAFE = "Safe tender transactions"
DECLARED = "Tender declaration transactions (auditable)"


def _fields(edm: str, *names: str, length_max: int = 0, enum: str = "") -> tuple[Field, ...]:
    return tuple(Field(name, edm, length_max, enum) for name in names)


_TEXT = "Edm.String"
_DROP = (
    *_fields(_TEXT, "TransactionNumber", length_max=44),
    *_fields(_TEXT, "Terminal", "StoreNumber", "TenderType", length_max=10),
    *_fields(
        DECIMAL,
        "LineNumber",
        "AmountTendered",
        "AmountCurrency",
        "AmountMST",
        "ExchangeRate",
        "ExchangeRateMST",
    ),
    *_fields(_TEXT, "Currency", length_max=3),
    *_fields(_TEXT, "Staff", length_max=25),
    *_fields(INSTANT, "BusinessDate", "TransactionDate"),
    *_fields(INT32, "TransactionTime"),
    *_fields(ENUM, "TransactionStatus", enum="RetailEntryStatus"),
)
_DROP_KEY = ("TransactionNumber", "Terminal", "StoreNumber", "LineNumber")
BANKED_TENDER = Entity(BANKED, "", _DROP_KEY, _DROP, 6, ("AmountTendered",), ("LineNumber",))
SAFE_TENDER = Entity(SAFE, "", _DROP_KEY, _DROP, 7, ("AmountTendered",), ("LineNumber",))
DECLARATION = Entity(
    DECLARED, "RetailTransactionAuditableTenderDeclarations",
    (COMPANY, "OperatingUnitNumber", "StoreNumber", "RegisterNumber", "TransactionId", "LineNumber"),
    (
        *_fields(_TEXT, COMPANY, "OperatingUnitNumber", "StoreNumber", "RegisterNumber", "TransactionId"),
        *_fields(DECIMAL, "LineNumber", "AmountInTransactionCurrency", "AmountInChannelCurrency", "AmountInCompanyCurrency"),
        *_fields(_TEXT, "PaymentMethod", "TransactionCurrency", "ChannelCurrency", "OperatorId"),
        *_fields(INSTANT, "BusinessDate", "TransactionDate"),
        *_fields(INT32, "TransactionTime"),
        *_fields(ENUM, "TransactionStatus", enum="RetailEntryStatus"),
    ),
    8, ("AmountInChannelCurrency",), ("LineNumber",),
)  # fmt: skip
CASH_OFFICE = (BANKED_TENDER, SAFE_TENDER, DECLARATION)
