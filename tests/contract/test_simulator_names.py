"""Every name the simulator has is D365's, letter for letter: sets, fields, types, lengths, keys, labels, members and values.

The extract of D365's metadata lives beside the project; where it is absent these tests are skipped, and say so. What it does
not hold stands with a reason in `simulator_beyond_facts`, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.enumerations import ENUMERATIONS
from simulator.exports import READ_LABELS
from simulator.schema import ENTITIES, HEADERS, NAVIGATIONS, SHIFTS, Entity, Field
from tests.contract.simulator_beyond_facts import BEYOND_FACTS

EXTRACT = Path(__file__).resolve().parents[3] / "shared" / "research" / "d365-entities.json"


@pytest.fixture(scope="module")
def extract() -> dict[str, Any]:
    if not EXTRACT.exists():
        pytest.skip(
            f"THE SIMULATOR'S NAMES ARE NOT CHECKED: the extract of D365's metadata is absent: {EXTRACT}"
        )
    return json.loads(EXTRACT.read_text())  # type: ignore[no-any-return]


def fact_of(extract: Mapping[str, Any], entity: Entity) -> Mapping[str, Any] | None:
    """Give what is known of a set; of one that OData does not show, by its label."""
    for one in extract["entities"]:
        if one.get("odataEntitySet") == entity.odata_set:
            return one  # type: ignore[no-any-return]
        if not entity.is_public and entity.label and one.get("displayName") == entity.label:
            return one  # type: ignore[no-any-return]
    return None


def of_entity(extract: Mapping[str, Any], entity: Entity) -> Iterable[str]:
    fact, name = fact_of(extract, entity), entity.odata_set
    if fact is None:
        yield f"set {name}"
        return
    known = {one["name"]: one for one in fact["fields"]}
    for field in entity.fields.values():
        yield from of_field(name, field, known.get(field.name))
    unknown = [one for one in entity.fields if one in known and not known[one].get("type")]
    if unknown:
        yield f"types {name}"
    if entity.is_public and list(entity.keys) != fact.get("keys"):
        yield f"key {name}"
    if entity.label and entity.label not in (fact.get("dmfEntityName"), fact.get("displayName")):
        yield f"label {name}"
    if (fact.get("odataType") or entity.odata_type) != entity.odata_type or fact.get("entity") not in (
        None,
        entity.table,
    ):
        yield f"type name {name}"


def of_field(odata_set: str, field: Field, fact: Mapping[str, Any] | None) -> Iterable[str]:
    if fact is None:
        yield f"field {odata_set}.{field.name}"
        return
    kind = fact.get("enum") or (fact.get("type") or field.kind).removeprefix("Edm.")
    if kind != field.kind:
        yield f"type {odata_set}.{field.name}"
    if (fact.get("maxLength") or 0) != field.length_max:
        yield f"length {odata_set}.{field.name}"


def of_enumeration(extract: Mapping[str, Any], name: str, members: Mapping[str, int]) -> Iterable[str]:
    fact = extract["enums"].get(name)
    if fact is None:
        yield f"enum {name}"
        return
    stated = fact["members"]
    for member, value in members.items():
        if member not in stated or stated[member] not in (None, value):
            yield f"member {name}.{member}"
    for member in stated:
        if member not in members:
            yield f"member {name}.{member}"


def problems(
    extract: Mapping[str, Any], entities: Iterable[Entity], enumerations: Mapping[str, Mapping[str, int]]
) -> set[str]:
    found = {one for entity in entities for one in of_entity(extract, entity)}
    return found | {
        one for name, members in enumerations.items() for one in of_enumeration(extract, name, members)
    }


def test_all_that_the_simulator_has_is_d365s_or_explained(extract: dict[str, Any]) -> None:
    assert problems(extract, ENTITIES.values(), ENUMERATIONS) - set(BEYOND_FACTS) == set()


def test_nothing_is_explained_that_the_extract_holds(extract: dict[str, Any]) -> None:
    found = problems(extract, ENTITIES.values(), ENUMERATIONS)
    names = {*ENTITIES, *ENUMERATIONS}
    in_use = {one for one in BEYOND_FACTS if one.split(" ", 1)[1].split(".")[0] in names}
    assert in_use - found == set()
    assert all(reason.strip() for reason in BEYOND_FACTS.values())


def test_labels_of_exports_are_d365s(extract: dict[str, Any]) -> None:
    unknown_to_all = {"RetailEodStatementAggregations"}  # D365 shows it to OData only; no name of it is known
    for odata_set, label in READ_LABELS.items():
        fact = fact_of(extract, ENTITIES[odata_set])
        assert fact is not None
        if odata_set not in unknown_to_all:
            assert label in (fact.get("dmfEntityName"), fact.get("displayName")), odata_set
    assert set(NAVIGATIONS) == {HEADERS}


@pytest.mark.parametrize("odata_set", sorted(ENTITIES))
def test_a_mutated_field_name_is_found_in_every_set(extract: dict[str, Any], odata_set: str) -> None:
    entity = ENTITIES[odata_set]
    for field in entity.fields.values():
        for wrong in (field.name.swapcase(), field.name[:-1], f"{field.name}s"):
            mutated = {one.name: one for one in (*entity.fields.values(), replace(field, name=wrong))}
            if wrong in entity.fields or fact_of(extract, entity) is None:
                continue
            found = problems(extract, [replace(entity, fields=mutated)], {}) - set(BEYOND_FACTS)
            assert found, f"{odata_set}.{wrong} was not found"


@pytest.mark.parametrize(
    ("mutated", "problem"),
    [
        (replace(ENTITIES[HEADERS], odata_set="RetailTransaction"), "set RetailTransaction"),
        (replace(ENTITIES[HEADERS], keys=ENTITIES[HEADERS].keys[::-1]), "key RetailTransactions"),
        (replace(ENTITIES[SHIFTS], keys=("dataAreaId", "OperatingUnitNumber", "Terminal")), "key RetailPosBatches"),
        (replace(ENTITIES[SHIFTS], label="Shift"), "label RetailPosBatches"),
        (replace(ENTITIES[HEADERS], odata_type="RetailTransactions"), "type name RetailTransactions"),
        (replace(ENTITIES[HEADERS], fields={"Terminal": Field("Terminal", "String", 30)}), "length RetailTransactions.Terminal"),
        (replace(ENTITIES[HEADERS], fields={"BatchID": Field("BatchID", "Int32")}), "type RetailTransactions.BatchID"),
        (
            replace(ENTITIES[HEADERS], fields={"SaleIsReturnSale": Field("SaleIsReturnSale", "RetailEntryStatus")}),
            "type RetailTransactions.SaleIsReturnSale",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_a_wrong_set_key_label_type_or_length_is_found(
    extract: dict[str, Any], mutated: Entity, problem: str
) -> None:
    assert problem in problems(extract, [mutated], {}) - set(BEYOND_FACTS)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"None": 0, "Open": 1, "Close": 2}, "member RetailPosBatchStatus.Close"),
        ({"None": 0, "Open": 2, "Closed": 1}, "member RetailPosBatchStatus.Open"),
        ({"None": 0, "Open": 1}, "member RetailPosBatchStatus.Closed"),
    ],
)
def test_a_wrong_member_or_value_is_found(
    extract: dict[str, Any], members: dict[str, int], problem: str
) -> None:
    assert problem in problems(extract, [], {"RetailPosBatchStatus": members})
