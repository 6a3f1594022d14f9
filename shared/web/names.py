"""What each name in a path, a query or a body may hold, as strictly as the app reads it. A name means one thing everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Schema = Mapping[str, Any]
_YEAR = "(?:199[0-9]|2[01][0-9]{2})"
_LEAP = "(?:199[26]|20(?:[02468][048]|[13579][26])|21(?:0[48]|[2468][048]|[13579][26]))"
_LONG, _SHORT = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])", "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
_MONTH_AND_DAY = f"(?:{_LONG}|{_SHORT}|02-(?:0[1-9]|1[0-9]|2[0-8]))"
_DAY = f"(?:{_YEAR}-{_MONTH_AND_DAY}|{_LEAP}-02-29)"
_MONTH = f"{_YEAR}-(?:0[1-9]|1[0-2])"
_INSTANT = f"{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{{1,6}})?)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
_ID = (
    "[!-.0-~]"  # an id may hold more, written as `shared.web.paths` says; no slash stands in a part of a path
)
MAPPING_KINDS = (
    "barcodes", "calendars", "d365_accounts", "d365_customers", "d365_item_tax_groups", "d365_items", "d365_periods",
    "d365_stores", "d365_tax_codes", "d365_tax_groups", "d365_tenders", "d365_terminals", "d365_warehouses", "dispositions",
    "items", "ledger_accounts", "month_end", "owners", "reasons", "staff", "stores", "taxes", "tenders", "terminals",
    "till_generations", "tolerances",
)  # fmt: skip


def _like(pattern: str, example: str, **more: Any) -> Schema:
    return MappingProxyType({"type": "string", "pattern": f"^{pattern}$", "examples": [example], **more})


DAY = _like(_DAY, "2017-12-23", description="A business day, years 1990 to 2199.")
INSTANT = _like(
    _INSTANT, "2017-12-23T18:00:00-05:00", description="An instant with its offset, years 1990 to 2199."
)
PERIOD = _like(
    f"(?:{_MONTH}|{_DAY}(?:[.][.]{_DAY})?)",
    "2017-12",
    description="A month, or days from..to, two months at most; of daily checks a day.",
)
_KEY = "[A-Za-z0-9_.=~-]{1,512}"

IN_PATHS: Mapping[str, Schema] = MappingProxyType(
    {
        "store": _like(_KEY, "S1"),
        "account": _like(f"{_ID}{{1,500}}", "east"),
        "transaction_id": _like(f"{_ID}{{1,500}}", "T4"),
        "business_day": DAY,
        "legal_entity": _like(f"{_ID}{{1,200}}", "usrt"),
        "period": PERIOD,
        "cadence": MappingProxyType(
            {"type": "string", "enum": ["daily", "monthly"], "examples": ["monthly"]}
        ),
        "kind": MappingProxyType({"type": "string", "enum": list(MAPPING_KINDS), "examples": ["tenders"]}),
        "fingerprint": _like(_KEY, "tender_unmapped~AMEX"),
        "number": MappingProxyType({"type": "integer", "minimum": 0, "maximum": 9_999, "examples": [1]}),
        "version": MappingProxyType(
            {"type": "integer", "minimum": 0, "maximum": 999_999_999, "examples": [3]}
        ),
        "terminal": _like(f"{_ID}{{1,200}}", "1"),
        "shift": _like(f"{_ID}{{1,200}}", "day-20171223"),
        "receipt_number": _like(f"{_ID}{{1,200}}", "S1-1-0001"),
        "area": _like(f"{_ID}{{1,500}}", "S1"),
    }
)

# A text has a character that is seen; a lone half of a character is none, and no schema can say so.
TEXT = MappingProxyType({"type": "string", "minLength": 1, "maxLength": 2000, "pattern": "[^\\s]"})
_NUMBERS = {"type": "integer", "minimum": 1, "maximum": 2_147_483_647}


def _or_null(schema: Schema) -> Schema:
    return MappingProxyType({**schema, "type": [schema["type"], "null"]})


IN_BODIES: Mapping[str, Schema] = MappingProxyType(
    {
        **dict.fromkeys(("reason", "terminal", "store", "shift", "tender"), TEXT),
        "amount": MappingProxyType(
            {"type": "string", "pattern": "^-?[0-9]{1,12}(?:[.][0-9]{1,3})?$", "examples": ["240.00"]}
        ),
        "sequence_numbers": MappingProxyType(
            {"type": "array", "items": _NUMBERS, "minItems": 1, "maxItems": 100}
        ),
        **dict.fromkeys(("at", "since", "until"), INSTANT),
        "business_day": DAY,
    }
)
# Those that a body may leave out, or say to be nothing.
MAY_BE_NULL: Mapping[str, Schema] = MappingProxyType(
    {
        "business_day": _or_null(DAY),
        "hash": _or_null(TEXT),
        "shift": MappingProxyType(
            {"type": ["string", "null"], "minLength": 1, "maxLength": 200, "pattern": "[^\\s]"}
        ),
        "generation": MappingProxyType(
            {"type": ["integer", "null"], "minimum": 1, "maximum": 99, "default": 1}
        ),
        **dict.fromkeys(
            ("tenders", "taxes", "items", "reasons"),
            MappingProxyType(
                {
                    "type": ["object", "null"],
                    "maxProperties": 50,
                    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 200},
                }
            ),
        ),
    }
)


def _or_empty(schema: Schema) -> Schema:
    """An empty value of the query counts as left out."""
    return MappingProxyType({**schema, "pattern": f"^(?:{schema['pattern'][1:-1]})?$"})


IN_QUERIES: Mapping[str, Schema] = MappingProxyType(
    {
        **dict.fromkeys(("business_day", "day", "as_of"), _or_empty(DAY)),
        "month": _or_empty(_like(_MONTH, "2017-12")),
        "cut_off": _or_empty(_like(f"(?:{_DAY}|{_INSTANT})", "2017-12-31")),
        "period": _or_empty(PERIOD),
    }
)
