"""What a line of a mapping asks of D365, and which lines of a file ask for what D365 is known not to have.

A line for every store or every company is refused only where none of them has what it names; where some lack it, that is
said and no more: the others need the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from shared.retail import d365_rules as rule
from shared.retail.d365_rules import Broken, cause_of
from shared.retail.mapping_csv import CsvLine
from shared.retail.mapping_kinds import BARCODES
from shared.retail.mapping_rows import Mappings
from shared.retail.reference import (
    ACCOUNTS,
    CUSTOMERS,
    ITEM_TAX_GROUPS,
    STORES,
    TAX_CODES,
    TAX_GROUPS,
    TENDERS,
    TERMINALS,
    WAREHOUSES,
    YES,
    is_broken,
)

# By rule: where D365's answer is kept, and how many of the question's first parts name the row.
ASKED_OF: Mapping[str, tuple[str, int]] = {
    rule.STORE: (STORES, 1),
    rule.TILL: (TERMINALS, 1),
    rule.METHOD: (TENDERS, 3),
    rule.WAREHOUSE: (WAREHOUSES, 2),
    rule.CUSTOMER: (CUSTOMERS, 2),
    rule.TAX_GROUP: (TAX_GROUPS, 2),
    rule.ITEM_TAX_GROUP: (ITEM_TAX_GROUPS, 2),
    rule.TAX_CODE: (TAX_CODES, 2),
    rule.ACCOUNT: (ACCOUNTS, 2),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What one cell of a line asks: the same of each store or company it counts for."""

    row: int
    column: str
    value: str
    questions: tuple[Broken, ...]
    refuses: bool = True


@dataclass(frozen=True, slots=True)
class Objection:
    """What D365 has against a cell, in words. refuses: the import must not be taken."""

    row: int
    column: str
    problem: str
    value: str
    refuses: bool


@dataclass(frozen=True, slots=True)
class _Stores:
    """The lines of all stores, and their companies."""

    lines: Mapping[str, Mapping[str, str]]
    companies: tuple[str, ...]

    def named(self, store: str) -> list[Mapping[str, str]]:
        """Give the lines of the stores that a name stands for."""
        if store == "*":
            return list(self.lines.values())
        return [self.lines[store]] if store in self.lines else []


def asked_by(kind: str, lines: Iterable[CsvLine], mappings: Mappings) -> list[Asked]:
    """Give everything these lines ask of D365; `mappings` as they would be with them."""
    of_line = _OF_KIND.get(kind)
    if of_line is None:
        return []
    stores = {key[0]: mappings.find("stores", *key) or {} for key in mappings.keys("stores")}
    companies = tuple(sorted({one["legal_entity"] for one in stores.values() if one.get("legal_entity")}))
    known = _Stores(stores, companies)
    return [one for line in lines for one in of_line(line, known) if one.value and one.questions]


def _of_store(line: CsvLine, _: _Stores) -> Iterator[Asked]:
    company, number = line["legal_entity"], line["store_number"]
    unit = (number, company, line["operating_unit"], line.get("channel_id", ""))
    yield Asked(line.row, "store_number", number, (Broken(rule.STORE, unit),))
    for column, name in (
        ("warehouse", rule.WAREHOUSE), ("quarantine_warehouse", rule.WAREHOUSE), ("scrap_warehouse", rule.WAREHOUSE),
        ("customer_account", rule.CUSTOMER), ("tax_group", rule.TAX_GROUP),
    ):  # fmt: skip
        value = line.get(column, "")
        yield Asked(line.row, column, value, (Broken(name, (company, value)),))


def _of_terminal(line: CsvLine, stores: _Stores) -> Iterator[Asked]:
    asked = tuple(
        Broken(rule.TILL, (line["register"], one["store_number"])) for one in stores.named(line["store"])
    )
    yield Asked(line.row, "register", line["register"], asked)


def _of_tender(line: CsvLine, stores: _Stores) -> Iterator[Asked]:
    method = line["payment_method"]
    channels = [
        (one["legal_entity"], one["channel_id"], method)
        for one in stores.named(line["store"])
        if one.get("channel_id")
    ]
    column = "payment_method"
    yield Asked(line.row, column, method, tuple(Broken(rule.METHOD, one) for one in channels))
    accounts = tuple(Broken(rule.METHOD_ACCOUNT, one) for one in channels)
    yield Asked(line.row, column, method, accounts, refuses=False)


def _of_tax(line: CsvLine, stores: _Stores) -> Iterator[Asked]:
    for column, name in (("tax_code", rule.TAX_CODE), ("item_tax_group", rule.ITEM_TAX_GROUP)):
        value = line.get(column, "")
        asked = tuple(Broken(name, (company, value)) for company in stores.companies)
        yield Asked(line.row, column, value, asked)


def _of_item(line: CsvLine, stores: _Stores) -> Iterator[Asked]:
    """Items are many, so D365 is not asked before an import: what it said last is a warning, and may be right by now."""
    number, unit = line["item_number"], line.get("unit", "")
    for name in (rule.ITEM, rule.ITEM_BLOCKED):
        asked = tuple(Broken(name, (company, number)) for company in stores.companies)
        yield Asked(line.row, "item_number", number, asked, refuses=False)
    units = tuple(Broken(rule.UNIT, (company, number, unit)) for company in stores.companies)
    yield Asked(line.row, "unit", unit, units, refuses=False)


def _of_reason(line: CsvLine, stores: _Stores) -> Iterator[Asked]:
    number = line["account_number"]
    asked = tuple(
        Broken(rule.ACCOUNT, (company, number, line["account_type"])) for company in stores.companies
    )
    yield Asked(line.row, "account_number", number, asked)


_OF_KIND: Mapping[str, Callable[[CsvLine, _Stores], Iterator[Asked]]] = {
    "stores": _of_store, "terminals": _of_terminal, "tenders": _of_tender, "taxes": _of_tax, "items": _of_item,
    BARCODES: _of_item, "reasons": _of_reason,
}  # fmt: skip


def rows_to_ask_for(asked: Iterable[Asked], mappings: Mappings) -> dict[str, frozenset[tuple[str, ...]]]:
    """Give the rows of D365, by kind, without which an answer would be a guess: never read, or not there when last read."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for one in asked:
        for question in one.questions:
            kind, count = ASKED_OF.get(question.rule, ("", 0))
            key = question.parts[:count]
            kept = mappings.find(kind, *key) if kind else {"there": YES}
            if kept is None or kept.get("there") != YES:
                found.setdefault(kind, set()).add(key)
    return {kind: frozenset(keys) for kind, keys in found.items()}


def objections(asked: Iterable[Asked], mappings: Mappings) -> list[Objection]:
    """Give what D365 has against these cells, by its reference data as `mappings` hold it. What is unknown is no objection."""
    found = []
    for one in asked:
        broken = [each for each in one.questions if is_broken(mappings, each.rule, each.parts)]
        if not broken:
            continue
        refuses = one.refuses and len(broken) == len(one.questions)
        problem = "; ".join(cause_of(each).words["problem"] for each in broken[:3])
        more = f"; and {len(broken) - 3} more" if len(broken) > 3 else ""
        found.append(Objection(one.row, one.column, f"{problem}{more}", one.value, refuses))
    return found


def shared_warehouses(kind: str, lines: Iterable[CsvLine], mappings: Mappings) -> list[Objection]:
    """Name the lines that give a store the warehouse of another: their stock could not be told apart."""
    if kind != "stores":
        return []
    owners: dict[tuple[str, str], set[str]] = {}
    for key in mappings.keys("stores"):
        row = mappings.find("stores", *key) or {}
        if row.get("warehouse"):
            owners.setdefault((row["legal_entity"], row["warehouse"]), set()).add(row["store"])
    found = []
    for line in lines:
        warehouse = line.get("warehouse", "")
        others = sorted(owners.get((line["legal_entity"], warehouse), set()) - {line["store"]})
        if warehouse and others:
            problem = f"store {', '.join(others[:5])} takes its goods from warehouse {warehouse} too"
            found.append(Objection(line.row, "warehouse", problem, warehouse, refuses=False))
    return found
