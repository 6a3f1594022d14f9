"""Every name we use towards D365 stands in the research extract of its metadata, letter for letter.

The extract lives beside the project; where it is absent these tests are skipped, and say so.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.d365 import entities, reference_sets
from shared.d365.contract import CONTRACT
from shared.d365.entities import (
    ENTITIES,
    ENUM,
    ENUM_MEMBERS,
    EXECUTION_STATUSES,
    READ_SETS,
    Entity,
    Field,
    ReadSet,
)
from shared.d365.evidence_sets import EVIDENCE_SETS, READ_SHIFT_STATES
from shared.flows.check_contract import read_preflight
from shared.flows.read_records import read_transaction
from shared.retail.d365_rules import REFERENCES, RULES
from simulator.schema import ENTITIES as SIMULATED
from tests.contract.posting_world import posting_world
from tests.unit.documents import sale_document

EVIDENCE_NAMES = ("SalesInvoiceHeadersV2", "RetailStatementVoucherBIEntities", "GeneralJournalAccountEntries")
EXTRACT = Path(__file__).parents[2].parent / "shared" / "research" / "d365-entities.json"


@pytest.fixture(scope="module")
def extract() -> dict[str, Any]:
    if not EXTRACT.exists():
        pytest.skip(f"D365 NAMES ARE NOT CHECKED: the extract of its metadata is absent: {EXTRACT}")
    return json.loads(EXTRACT.read_text())  # type: ignore[no-any-return]


def problems_of_fields(
    facts: dict[str, Any], odata_set: str, fields: tuple[Field, ...], *, is_written: bool = True
) -> list[str]:
    """Compare fields with the extract. What is only read need not claim a length, nor an enumeration nobody observed."""
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
        if field.edm == ENUM and (is_written or "enum" in fact) and fact.get("enum") != field.enum:
            problems.append(f"{odata_set}.{field.name} is of {fact.get('enum')}, not {field.enum}")
        claims_length = is_written or field.length_max > 0
        if claims_length and fact.get("maxLength", field.length_max) != field.length_max:
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


@pytest.mark.parametrize("source", [*READ_SETS, READ_SHIFT_STATES], ids=lambda source: source.odata_set)
def test_every_set_we_read_has_the_fields_we_ask_for(extract: dict[str, Any], source: ReadSet) -> None:
    assert problems_of_fields(extract, source.odata_set, source.fields, is_written=False) == []


@pytest.mark.parametrize("source", reference_sets.IN_THE_EXTRACT, ids=lambda source: source.odata_set)
def test_every_reference_set_has_the_fields_we_ask_for(extract: dict[str, Any], source: ReadSet) -> None:
    """The company is no field of most sets there: every set of a company's own has it (D365 facts §5).

    Where the extract rests on the common data model alone it has no types, so that no enumeration can be compared.
    """
    fields = tuple(one for one in source.fields if one.name != "dataAreaId")
    assert problems_of_fields(extract, source.odata_set, fields, is_written=False) == []


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


# Names the edge uses that the extract does not hold: where they come from, and what the edge does without them.
NOT_IN_THE_EXTRACT = {
    "SalesInvoiceHeadersV2": "set: the common data model has the entity SalesInvoiceHeaderV2Entity, no source has the set; "
    "without it invoices and credit notes stay unknown",
    "SalesInvoiceHeadersV2.dataAreaId": "the company column that every set of company rows has",
    "SalesInvoiceHeadersV2.InvoiceNumber": "field of SalesInvoiceHeaderV2Entity in the common data model",
    "SalesInvoiceHeadersV2.SalesOrderNumber": "the same",
    "SalesInvoiceHeadersV2.TotalInvoiceAmount": "the same",
    "SalesInvoiceHeadersV2.LedgerVoucher": "the same",
    "RetailStatementVoucherBIEntities": "set: named by an observed $metadata, its fields are not; without it vouchers stay "
    "unknown",
    "RetailStatementVoucherBIEntities.dataAreaId": "the company column",
    "RetailStatementVoucherBIEntities.statementId": "column of the table RetailStatementVoucher, in the case of its sisters",
    "RetailStatementVoucherBIEntities.voucher": "the same",
    "GeneralJournalAccountEntries": "set: the common data model has GeneralJournalAccountEntryEntity, integrations write the set "
    "so; without it the proof says that vouchers are not visible",
    "GeneralJournalAccountEntries.DataArea": "field of GeneralJournalAccountEntryEntity in the common data model",
    "GeneralJournalAccountEntries.Voucher": "the same",
    "GeneralJournalAccountEntries.LedgerAccount": "the same",
    "GeneralJournalAccountEntries.TransactionCurrencyCode": "the same",
    "GeneralJournalAccountEntries.TransactionCurrencyAmount": "the same",
    "RetailIncomeExpense": "enum: its members are seen nowhere; the reasons mapping names them, D365 refuses a wrong one",
}


def names_used() -> set[str]:
    names = set()
    own = {one.odata_set for one in (*READ_SETS, *EVIDENCE_SETS, *ENTITIES.values())}
    for used in (
        one for one in CONTRACT.sets if one.odata_set in own
    ):  # reference data has its own list, below
        names |= {used.odata_set, *(f"{used.odata_set}.{field.name}" for field in used.fields)}
        names |= {field.enum for field in used.fields if field.enum}
    for enum, members in ENUM_MEMBERS.items():
        names |= {enum, *(f"{enum}.{member}" for member in members)}
    return names


def names_known(facts: dict[str, Any]) -> set[str]:
    names = set()
    for one in facts["entities"]:
        if one.get("odataEntitySet"):
            odata_set = one["odataEntitySet"]
            names |= {odata_set, *(f"{odata_set}.{field['name']}" for field in one["fields"])}
    for enum, found in facts["enums"].items():
        names |= {enum, *(f"{enum}.{member}" for member in found["members"])}
    return names


def test_every_name_the_edge_uses_is_in_the_extract_or_is_explained_by_hand(extract: dict[str, Any]) -> None:
    assert names_used() - names_known(extract) == set(NOT_IN_THE_EXTRACT)


def test_a_name_that_differs_by_a_letter_or_its_case_is_found(extract: dict[str, Any]) -> None:
    known = names_known(extract)
    for name in sorted(names_used() - set(NOT_IN_THE_EXTRACT)):
        head, dot, last = name.rpartition(".")
        assert f"{head}{dot}{last}x" not in known
        assert f"{head}{dot}{last.swapcase()}" not in known


def test_every_number_of_a_member_is_that_of_the_extract(extract: dict[str, Any]) -> None:
    for enum, members in ENUM_MEMBERS.items():
        assert {name: extract["enums"][enum]["members"][name] for name in members} == members


def test_the_words_of_an_import_s_status_are_those_of_the_extract(extract: dict[str, Any]) -> None:
    assert set(EXECUTION_STATUSES) == set(extract["enums"]["DMFExecutionSummaryStatus"]["members"])


def test_what_the_extract_does_not_hold_is_only_ever_read_as_evidence() -> None:
    needed = {one.odata_set for one in CONTRACT.sets if one.is_needed}
    sets = {name.partition(".")[0] for name in NOT_IN_THE_EXTRACT} - {"RetailIncomeExpense"}
    assert not needed & sets


def test_an_environment_that_lacks_what_the_extract_does_not_hold_gives_unknown(tmp_path: Path) -> None:
    """The simulator hides them, and a day is posted all the same; what rests on them is said to be unknown."""

    async def story() -> None:
        async with posting_world(tmp_path) as world:
            hidden = [name for name in EVIDENCE_NAMES if name in SIMULATED]
            await world.sim("contract", {"hide_sets": hidden})
            await world.send(sale_document(1))
            await world.drive_until("posted")
            assert await world.causes() == {}
            shown = await read_transaction(world.services, "S1", "east", "T1")
            assert shown is not None
            assert any("SalesInvoiceHeadersV2 is not shown" in line for line in shown["evidence"])
            assert any("RetailStatementVoucherBIEntities is not shown" in line for line in shown["evidence"])
            preflight = await read_preflight(world.services)
            assert preflight is not None
            assert set(EVIDENCE_NAMES) <= set(preflight["unknown_sets"])

    asyncio.run(story())


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
