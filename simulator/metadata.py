"""What an environment says of itself: `$metadata`, and /metadata's entities and enumerations."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from simulator.answers import D365Error
from simulator.enumerations import ENUMERATIONS
from simulator.schema import ENTITIES, Entity, Field

NAMESPACE = "Microsoft.Dynamics.DataEntities"
_PUBLIC = [one for one in ENTITIES.values() if one.is_public]
_NAMED = re.compile(r"(PublicEntities|PublicEnumerations)\('(\w+)'\)")


def edmx() -> str:
    """Write `$metadata`: every type, enumeration and set."""
    types = "".join(_entity_type(one) for one in _PUBLIC)
    enumerations = "".join(_enum_type(name, members) for name, members in ENUMERATIONS.items())
    sets = "".join(
        f'<EntitySet Name="{one.odata_set}" EntityType="{NAMESPACE}.{one.odata_type}"/>' for one in _PUBLIC
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        f'<edmx:DataServices><Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'{types}{enumerations}<EntityContainer Name="Resources">{sets}</EntityContainer></Schema>'
        "</edmx:DataServices></edmx:Edmx>"
    )


def public(path: str) -> dict[str, object]:
    """Answer /metadata/{path}.

    Raises:
        D365Error: nothing is called so.
    """
    if path == "PublicEntities":
        return {"value": [_public_entity(one) for one in _PUBLIC]}
    match = _NAMED.fullmatch(path)
    if match and match[1] == "PublicEntities":
        for one in _PUBLIC:
            if match[2] == one.odata_type:
                return _public_entity(one)
    if match and match[1] == "PublicEnumerations" and match[2] in ENUMERATIONS:
        members = [{"Name": name, "Value": value} for name, value in ENUMERATIONS[match[2]].items()]
        return {"Name": match[2], "LabelId": "", "Members": members}
    raise D365Error(404, f"Resource not found for the segment '{path}'.")


def _public_entity(entity: Entity) -> dict[str, object]:
    return {
        "Name": entity.odata_type,
        "EntitySetName": entity.odata_set,
        "LabelId": "",
        "IsReadOnly": entity.read_only,
        "ConfigurationEnabled": True,
        "Properties": [_public_property(entity, one) for one in entity.fields.values()],
        "NavigationProperties": [],
        "Actions": [],
    }


def _public_property(entity: Entity, field: Field) -> dict[str, object]:
    kind = "Enum" if field.is_enumeration else field.kind
    return {
        "Name": field.name,
        "TypeName": _edm(field),
        "DataType": kind,
        "IsKey": field.name in entity.keys,
        "IsMandatory": field.name in entity.keys or field.name in entity.mandatory,
        "ConfigurationEnabled": True,
        "AllowEdit": not entity.read_only and field.name not in entity.keys,
        "AllowEditOnCreate": not entity.read_only,
    }


def _edm(field: Field) -> str:
    return f"{NAMESPACE}.{field.kind}" if field.is_enumeration else f"Edm.{field.kind}"


def _entity_type(entity: Entity) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in entity.keys)
    properties = "".join(
        f"<Property Name={quoteattr(one.name)} Type={quoteattr(_edm(one))}{_length(one)}/>"
        for one in entity.fields.values()
    )
    return f'<EntityType Name="{entity.odata_type}"><Key>{keys}</Key>{properties}</EntityType>'


def _length(field: Field) -> str:
    return f' MaxLength="{field.length_max}"' if field.length_max else ""


def _enum_type(name: str, members: dict[str, int]) -> str:
    inside = "".join(f'<Member Name="{member}" Value="{value}"/>' for member, value in members.items())
    return f'<EnumType Name="{name}">{inside}</EnumType>'
