"""Every kind of mapping: its key, its columns, what D365 takes of them, and whether its rows are dated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.retail import reference
from shared.retail.late import MONTH_END
from shared.retail.ledger import LEDGER_ACCOUNTS
from shared.retail.mapping_rows import DATES
from shared.retail.tolerances import TOLERANCES

STAFF, BARCODES, OWNERS_KIND = "staff", "barcodes", "owners"


@dataclass(frozen=True, slots=True)
class MappingKind:
    """One kind of mapping: its key columns, its other columns, and which may not be empty.

    lengths: the longest value D365 takes, by column (D365 facts §2.1). dated: its rows begin and end on days.
    seen_by: the reason that holds receipts whose value it lacks; its rows begin with the first of them.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    required: tuple[str, ...]
    lengths: Mapping[str, int] = field(default_factory=dict)
    dated: bool = True
    seen_by: str = ""

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column of its CSV, in order."""
        return (*self.key, *self.columns, *(DATES if self.dated else ()))


KINDS: Mapping[str, MappingKind] = {
    kind.name: kind
    for kind in (
        MappingKind(
            "stores", ("store",),
            ("legal_entity", "store_number", "operating_unit", "channel_id", "warehouse", "site", "tax_group", "currency",
             "prices_include_tax", "time_zone", "closing_time", "customer_account", "account", "rounding_limit",
             "quarantine_warehouse", "scrap_warehouse", "no_receipt_limit", "grace_minutes", "map_staff"),
            ("legal_entity", "store_number", "operating_unit", "currency", "time_zone", "account"),
            {"legal_entity": 4, "store_number": 10, "warehouse": 10, "site": 10, "tax_group": 10, "currency": 3,
             "quarantine_warehouse": 10, "scrap_warehouse": 10},
        ),
        MappingKind(
            "terminals", ("store", "terminal"), ("register",), ("register",), {"register": 10}, seen_by="terminal_unmapped"
        ),
        MappingKind(
            "tenders", ("store", "tender"), ("payment_method",), ("payment_method",), {"payment_method": 10},
            seen_by="tender_unmapped",
        ),
        MappingKind(
            "taxes", ("code",), ("tax_code", "item_tax_group"), ("item_tax_group",),
            {"tax_code": 10, "item_tax_group": 10}, seen_by="tax_unmapped",
        ),
        MappingKind(
            "items", ("item",), ("item_number", "unit"), ("item_number",), {"item_number": 20, "unit": 10},
            seen_by="item_unmapped",
        ),
        MappingKind(
            BARCODES, ("barcode",), ("item_number", "variant", "unit"), ("item_number",),
            {"item_number": 20, "variant": 10, "unit": 10}, seen_by="item_unmapped",
        ),
        MappingKind(
            STAFF, ("store", "staff"), ("staff_id",), ("staff_id",), {"staff_id": 25}, seen_by="staff_unmapped"
        ),
        MappingKind(
            "reasons", ("reason",), ("account_number", "account_type"), ("account_number", "account_type"),
            seen_by="reason_unmapped",
        ),
        MappingKind("dispositions", ("disposition",), ("effect",), ("effect",), seen_by="disposition_unmapped"),
        MappingKind(LEDGER_ACCOUNTS, ("legal_entity", "what", "code"), ("account",), ("account",), {"legal_entity": 4}),
        MappingKind(MONTH_END, ("legal_entity",), ("late_receipts",), ("late_receipts",), {"legal_entity": 4}),
        MappingKind("calendars", ("store", "day"), ("opens", "closes", "silent_minutes", "note"), ()),
        MappingKind(OWNERS_KIND, ("role", "store"), ("people", "deputy", "alerts_to"), ("people",)),
        MappingKind(TOLERANCES, ("store", "what"), ("limit",), ("limit",)),
    )
}  # fmt: skip
# What the app imports from D365 by itself; people may read it, and change it in D365 only.
READ_FROM_D365: Mapping[str, MappingKind] = {
    kind: MappingKind(
        kind, reference.KEYS[kind], tuple(one for one in columns if one not in reference.KEYS[kind]), (), dated=False
    )
    for kind, columns in reference.COLUMNS.items()
}  # fmt: skip
# What a person declares by itself; what follows from it is more than a row.
DECLARED: Mapping[str, MappingKind] = {
    "till_generations": MappingKind(
        "till_generations", ("store", "terminal", "generation"), ("business_day", "since", "taken_back"),
        ("business_day", "since"), dated=False,
    )
}  # fmt: skip
EVERY_KIND: Mapping[str, MappingKind] = {**KINDS, **READ_FROM_D365, **DECLARED}
