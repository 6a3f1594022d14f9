"""/metadata: lists of entities, public entities and enumerations, each also by its name, and labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from simulator.answers import D365Error
from simulator.contract import Contract
from simulator.metadata import edm_of, is_required, xpp_of
from simulator.public_actions import BOUND_ACTIONS, BoundAction
from simulator.schema import NAVIGATIONS, SHIFTS, Entity, Field

Row = dict[str, Any]
PAGE_MAX = 10_000
_NAMED = re.compile(r"(DataEntities|PublicEntities|PublicEnumerations)\('([\w ]+)'\)")
_LABEL = re.compile(r"Labels\(Id='([^']+)',Language='([A-Za-z-]+)'\)")
_CONTAINS = re.compile(r"contains\((tolower\()?(\w+)\)?,\s*'((?:[^']|'')*)'\)")
_EQUALS = re.compile(r"(\w+) (eq|ne) (?:[\w.]+)?(?:'((?:[^']|'')*)'|(true|false))")
_OPTIONS = frozenset({"$filter", "$select", "$top", "$skip", "$count", "cross-company"})
# The text of each label an entity names; D365's own label files are not public.
_LABEL_PREFIX = "@Simulated:"


def public(contract: Contract, path: str, query: Mapping[str, str], origin: str) -> Row:
    """Answer /metadata/{path}.

    Raises:
        D365Error: nothing is called so, or a query option cannot be read.
    """
    lists = {
        "DataEntities": lambda: (
            [_data_entity(contract, one.inner) for one in contract.shapes.values()] + _action_data_entities()
        ),
        "PublicEntities": lambda: [_public_entity(one) for one in contract.public()] + _action_entities(),
        "PublicEnumerations": lambda: [
            _enumeration(name, members) for name, members in contract.enumerations().items()
        ],
    }
    context = f"{origin}/metadata/$metadata#{path.partition('(')[0]}"
    if path in lists:
        return {"@odata.context": context} | _answer(lists[path](), query)
    named, label = _NAMED.fullmatch(path), _LABEL.fullmatch(path)
    if named:
        for row in lists[named[1]]():
            if row["Name"] == named[2]:
                return {"@odata.context": f"{context}/$entity"} | row
    if label and label[1].startswith(_LABEL_PREFIX):
        text = _label_text(contract, label[1].removeprefix(_LABEL_PREFIX))
        if text:
            return {
                "@odata.context": f"{context}/$entity",
                "Id": label[1],
                "Language": label[2],
                "Value": text,
            }
    raise D365Error(404, f"Resource not found for the segment '{path}'.")


def _answer(rows: list[Row], query: Mapping[str, str]) -> Row:
    unknown = [name for name in query if name not in _OPTIONS]
    if unknown:
        raise D365Error(400, f"The query option '{unknown[0]}' is not supported.")
    for clause in filter(None, query.get("$filter", "").split(" and ")):
        matches = _clause(clause.strip())
        rows = [one for one in rows if matches(one)]
    total, skip = len(rows), _number(query.get("$skip", "0"))
    rows = rows[skip : skip + min(_number(query.get("$top", str(PAGE_MAX))), PAGE_MAX)]
    if query.get("$select"):
        names = [one.strip() for one in query["$select"].split(",")]
        rows = [{name: one[name] for name in names if name in one} for one in rows]
    counted: Row = {"@odata.count": total} if query.get("$count") == "true" else {}
    return counted | {"value": rows}


def _clause(text: str) -> Callable[[Row], bool]:
    contains, equals = _CONTAINS.fullmatch(text), _EQUALS.fullmatch(text)
    if contains:
        lowered, name, part = bool(contains[1]), contains[2], contains[3].replace("''", "'")
        return lambda row: part in (_text(row, name).lower() if lowered else _text(row, name))
    if equals:
        wanted: object = equals[4] == "true" if equals[4] else equals[3].replace("''", "'")
        return lambda row: (row.get(equals[1]) == wanted) == (equals[2] == "eq")
    raise D365Error(400, f"Syntax error in the filter at '{text}'.")


def _text(row: Row, name: str) -> str:
    return str(row.get(name, ""))


def _number(text: str) -> int:
    if not text.isdigit():
        raise D365Error(400, f"'{text}' is no number.")
    return int(text)


def _data_entity(contract: Contract, entity: Entity) -> Row:
    """An entity as data management lists it: one that OData does not show has no public names."""
    shown = contract.shape(entity.odata_set) is not None
    return {
        "Name": entity.table, "PublicEntityName": entity.odata_type if shown else None,
        "PublicCollectionName": entity.odata_set if shown else None, "LabelId": f"{_LABEL_PREFIX}{entity.table}",
        "DataServiceEnabled": shown, "DataManagementEnabled": bool(entity.label), "IsReadOnly": entity.read_only,
        "EntityCategory": "Transaction" if entity.is_child or "TransactionNumber" in entity.keys or entity.odata_set == SHIFTS
        else "Reference",
    }  # fmt: skip


def _action_data_entities() -> list[Row]:
    names = dict.fromkeys((one.entity_type, one.odata_set) for one in BOUND_ACTIONS)
    return [
        {
            "Name": f"{kind}Entity", "PublicEntityName": kind, "PublicCollectionName": odata_set,
            "LabelId": f"{_LABEL_PREFIX}{kind}", "DataServiceEnabled": True, "DataManagementEnabled": False,
            "IsReadOnly": True, "EntityCategory": "Configuration",
        }
        for kind, odata_set in names
    ]  # fmt: skip


def _public_entity(entity: Entity) -> Row:
    return {
        "Name": entity.odata_type, "EntitySetName": entity.odata_set, "LabelId": f"{_LABEL_PREFIX}{entity.table}",
        "IsReadOnly": entity.read_only, "ConfigurationEnabled": True,
        "Properties": [_property(entity, one) for one in entity.fields.values()],
        "NavigationProperties": [
            {"Name": name, "RelatedEntity": kind, "RelatedRelationName": "", "Cardinality": "Multiple", "Constraints": []}
            for name, kind in NAVIGATIONS.get(entity.odata_set, {}).items()
        ],
        "PropertyGroups": [], "Actions": [],
    }  # fmt: skip


def _property(entity: Entity, field: Field) -> Row:
    editable = not entity.read_only
    return {
        "Name": field.name, "TypeName": edm_of(field), "DataType": xpp_of(field),
        "LabelId": None, "IsKey": field.name in entity.keys, "IsMandatory": is_required(entity, field.name),
        "ConfigurationEnabled": True, "AllowEdit": editable and field.name not in entity.keys,
        "AllowEditOnCreate": editable, "IsDimension": False, "DimensionRelation": None, "IsDynamicDimension": False,
        "DimensionLegalEntityProperty": None, "DimensionTypeProperty": None,
    }  # fmt: skip


def _action_entities() -> list[Row]:
    """The sets that only carry actions: data projects, and the list of entities."""
    names = dict.fromkeys((one.entity_type, one.odata_set) for one in BOUND_ACTIONS)
    return [
        {
            "Name": kind, "EntitySetName": odata_set, "LabelId": f"{_LABEL_PREFIX}{kind}", "IsReadOnly": True,
            "ConfigurationEnabled": True, "Properties": [], "NavigationProperties": [], "PropertyGroups": [],
            "Actions": [_action(one) for one in BOUND_ACTIONS if one.odata_set == odata_set],
        }
        for kind, odata_set in names
    ]  # fmt: skip


def _action(action: BoundAction) -> Row:
    return {
        "Name": action.name, "BindingKind": "BoundToEntitySet", "FieldLookup": None,
        "Parameters": [
            {"Name": name, "Type": {"TypeName": f"Edm.{kind}", "IsCollection": False}}
            for name, kind in action.parameters.items()
        ],
        "ReturnType": {"TypeName": f"Edm.{action.returns}", "IsCollection": False},
    }  # fmt: skip


def _enumeration(name: str, members: Mapping[str, int]) -> Row:
    return {
        "Name": name, "LabelId": f"{_LABEL_PREFIX}{name}",
        "Members": [
            {"Name": member, "Value": value, "LabelId": None, "ConfigurationEnabled": True}
            for member, value in members.items()
        ],
    }  # fmt: skip


def _label_text(contract: Contract, name: str) -> str:
    for shape in contract.shapes.values():
        if shape.inner.table == name:
            return shape.inner.label or shape.inner.odata_type
    known = {*contract.enumerations(), *(one.entity_type for one in BOUND_ACTIONS)}
    return name if name in known else ""
