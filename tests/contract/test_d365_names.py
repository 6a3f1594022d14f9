"""Every name we use towards D365 stands in the research extract of its metadata, letter for letter.

The extract lives beside the project; where it is absent these tests are skipped, and say so.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.d365 import entities, reference_sets
from shared.d365.entities import ENTITIES, ENUM, ENUM_MEMBERS, READ_SETS, Entity, Field, ReadSet
from shared.retail.d365_rules import REFERENCES, RULES

EXTRACT = Path(__file__).parents[2].parent / "shared" / "research" / "d365-entities.json"


@pytest.fixture(scope="module")
def extract() -> dict[str, Any]:
    if not EXTRACT.exists():
        pytest.skip(f"D365 NAMES ARE NOT CHECKED: the extract of its metadata is absent: {EXTRACT}")
    return json.loads(EXTRACT.read_text())  # type: ignore[no-any-return]


def problems_of_fields(facts: dict[str, Any], odata_set: str, fields: tuple[Field, ...]) -> list[str]:
    found = next((one for one in facts["entities"] if one.get("odataEntitySet") == odata_set), None)
    if found is None:
        return [f"no set {odata_set}"]
    known = {one["name"]: one for one in found["fields"]}
    problems = []
    for field in fields:
        fact = known.get(field.name)
        if fact is None:
            problems.append(f"{odata_set} has no field {field.name}")
            continue
        if fact.get("type", field.edm) != field.edm:
            problems.append(f"{odata_set}.{field.name} is {fact['type']}, not {field.edm}")
        if field.edm == ENUM and fact.get("enum") != field.enum:
            problems.append(f"{odata_set}.{field.name} is of {fact.get('enum')}, not {field.enum}")
        if fact.get("maxLength", field.length_max) != field.length_max:
            problems.append(f"{odata_set}.{field.name} holds {fact.get('maxLength')}, not {field.length_max}")
    return problems


def problems_of_entity(facts: dict[str, Any], entity: Entity) -> list[str]:
    found = next((one for one in facts["entities"] if one.get("odataEntitySet") == entity.odata_set), None)
    problems = problems_of_fields(facts, entity.odata_set, entity.fields)
    if found is not None and found["dmfEntityName"] != entity.label:
        problems.append(f"{entity.odata_set} is called {found['dmfEntityName']}, not {entity.label}")
    if found is not None and set(found["keys"]) != set(entity.keys):
        problems.append(f"{entity.odata_set} has the key {found['keys']}")
    return problems


@pytest.mark.parametrize("label", sorted(ENTITIES))
def test_every_entity_we_write_has_the_names_types_lengths_and_key_of_the_metadata(
    extract: dict[str, Any], label: str
) -> None:
    assert problems_of_entity(extract, ENTITIES[label]) == []


@pytest.mark.parametrize("source", READ_SETS, ids=lambda source: source.odata_set)
def test_every_set_we_read_has_the_fields_we_ask_for(extract: dict[str, Any], source: ReadSet) -> None:
    assert problems_of_fields(extract, source.odata_set, source.fields) == []


@pytest.mark.parametrize("source", reference_sets.IN_THE_EXTRACT, ids=lambda source: source.odata_set)
def test_every_reference_set_has_the_fields_we_ask_for(extract: dict[str, Any], source: ReadSet) -> None:
    """The company is no field of most sets there: every set of a company's own has it (D365 facts §5)."""
    fields = tuple(one for one in source.fields if one.name != "dataAreaId")
    assert problems_of_fields(extract, source.odata_set, fields) == []


# By hand: reference sets of which the extract has at most the entity, with that entity, "" where it has none.
NAMED_ELSEWHERE = {
    "TaxGroupDatas": "TaxGroupDataEntity", "TaxItemGroups": "TaxItemGroupEntity", "TaxCodes": "TaxCodeEntity",
    "RetailIncomeExpenseAccounts": "RetailIncomeExpenseAccountEntity", "LedgerFiscalPeriods": "", "FiscalPeriods": "",
    "TrackingDimensionGroups": "", "ProductUnitOfMeasureConversions": "", "UnitOfMeasureConversions": "",
    "ProductDefaultOrderSettings": "",
}  # fmt: skip


def test_reference_sets_of_other_sources_are_these_and_their_known_fields_exist(
    extract: dict[str, Any],
) -> None:
    assert {source.odata_set for source in reference_sets.NAMED_ELSEWHERE} == set(NAMED_ELSEWHERE)
    by_name = {one["entity"]: {field["name"] for field in one["fields"]} for one in extract["entities"]}
    for source in reference_sets.NAMED_ELSEWHERE:
        entity = NAMED_ELSEWHERE[source.odata_set]
        if entity:
            names = {field.name for field in source.fields} - {"dataAreaId"}
            assert names <= by_name[entity], source.odata_set


def test_what_each_reference_set_is_needed_for_is_said() -> None:
    every = (*reference_sets.IN_THE_EXTRACT, *reference_sets.NAMED_ELSEWHERE)
    assert set(reference_sets.NEEDED_FOR) == {source.odata_set for source in every}
    known = {*RULES, *REFERENCES}
    assert all(name in known for names in reference_sets.NEEDED_FOR.values() for name in names)


@pytest.mark.parametrize("enum", sorted(ENUM_MEMBERS))
def test_every_enum_member_we_use_exists(extract: dict[str, Any], enum: str) -> None:
    assert set(ENUM_MEMBERS[enum]) <= set(extract["enums"][enum]["members"])


def test_all_that_headquarters_needs_for_posting_is_sent_or_left_out_on_purpose(
    extract: dict[str, Any],
) -> None:
    on_purpose = {
        "VoidStatus",
        "OperatorId",
    }  # members unknown and 0 means "not voided"; a shift has many cashiers
    for entity in ENTITIES.values():
        found = next(one for one in extract["entities"] if one.get("odataEntitySet") == entity.odata_set)
        needed = {field["name"] for field in found["fields"] if field.get("neededForPosting")}
        assert needed - {field.name for field in entity.fields} <= on_purpose, entity.label


def test_every_enum_member_in_our_rows_is_listed_here() -> None:
    written = {field.enum for entity in ENTITIES.values() for field in entity.fields if field.edm == ENUM}
    # The members of RetailIncomeExpense are known to no source of ours; they come from the reasons mapping.
    assert written - {"RetailIncomeExpense"} <= set(ENUM_MEMBERS)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (Field("ReceiptId", entities.STRING, 18), "has no field ReceiptId"),
        (Field("BatchId", entities.INT64), "has no field BatchId"),
        (Field("BusinessDate", entities.INSTANT), "has no field BusinessDate"),
        (Field("GrossAmount", entities.STRING), "is Edm.Decimal, not Edm.String"),
        (Field("Terminal", entities.STRING, 30), "holds 10, not 30"),
        (Field("SaleIsReturnSale", ENUM, enum="YesNo"), "is of NoYes, not YesNo"),
    ],
    ids=lambda one: one.name if isinstance(one, Field) else "",
)
def test_a_misspelt_or_mistyped_field_is_found(extract: dict[str, Any], wrong: Field, problem: str) -> None:
    entity = replace(entities.HEADER, fields=(*entities.HEADER.fields, wrong))
    assert any(problem in one for one in problems_of_entity(extract, entity))


def test_a_misspelt_entity_or_key_is_found(extract: dict[str, Any]) -> None:
    assert problems_of_entity(extract, replace(entities.SHIFT, label="Shift"))
    assert problems_of_entity(extract, replace(entities.SHIFT, odata_set="RetailPosBatch"))
    assert problems_of_entity(extract, replace(entities.SHIFT, keys=("dataAreaId", "OperatingUnitNumber")))
