"""`$metadata`: every type with its key, every enumeration, set and action, as an environment claims them.

Form and annotations are those of an observed one (D365 facts §5, META): numbers, instants and key texts are not nullable,
`IsRequired`, `AllowEdit` and the X++ type stand in annotations. It states no lengths; whether lengths are shown is a switch.
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from simulator.contract import Contract
from simulator.public_actions import BOUND_ACTIONS, BoundAction
from simulator.schema import DAYS, DECIMAL, INSTANT, INT32, INT64, NAVIGATIONS, STRING, Entity, Field
from simulator.values import SECONDS_OF_DAY

NAMESPACE = "Microsoft.Dynamics.DataEntities"
_CORE = "Microsoft.Dynamics.OData.Core.V1"
_XPP = {STRING: "String", DECIMAL: "Real", INT32: "Int32", INT64: "Int64", INSTANT: "UtcDateTime"}
_XPP_TYPES = "Container Date Enum Guid Int32 Int64 Real Record String Time UtcDateTime Void"


def edmx(contract: Contract, *, lengths: bool) -> str:
    """Write `$metadata`. lengths: whether `MaxLength` is stated."""
    entities = contract.public()
    types = "".join(_entity_type(one, lengths=lengths) for one in entities)
    enumerations = "".join(_enum_type(name, members) for name, members in contract.enumerations().items())
    sets = "".join(_entity_set(one) for one in entities)
    navigated = (kind for names in NAVIGATIONS.values() for kind in names.values())
    service_types = "".join(
        f'<EntityType Name="{one}"><Key><PropertyRef Name="Name"/></Key>'
        '<Property Name="Name" Type="Edm.String" Nullable="false"/></EntityType>'
        for one in dict.fromkeys([*(action.entity_type for action in BOUND_ACTIONS), *navigated])
    )
    service_sets = "".join(
        f'<EntitySet Name="{name}" EntityType="{NAMESPACE}.{kind}"/>'
        for name, kind in dict.fromkeys((action.odata_set, action.entity_type) for action in BOUND_ACTIONS)
    )
    actions = "".join(_action(one) for one in BOUND_ACTIONS)
    members = "".join(
        f'<Member Name="{name}" Value="{value}"/>' for value, name in enumerate(_XPP_TYPES.split())
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        f'<edmx:DataServices><Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f"{types}{service_types}{enumerations}{actions}"
        f'<EntityContainer Name="Resources">{sets}{service_sets}</EntityContainer></Schema>'
        f'<Schema Namespace="{_CORE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'<EnumType Name="AXType">{members}</EnumType></Schema></edmx:DataServices></edmx:Edmx>'
    )


def edm_of(field: Field) -> str:
    """Give a property's type as OData names it."""
    return f"{NAMESPACE}.{field.kind}" if field.is_enumeration else f"Edm.{field.kind}"


def xpp_of(field: Field) -> str:
    """Give a property's type as X++ names it: days and seconds of the day have types of their own there."""
    if field.is_enumeration:
        return "Enum"
    if field.name in DAYS and field.kind == INSTANT:
        return "Date"
    return "Time" if field.name in SECONDS_OF_DAY and field.kind == INT32 else _XPP[field.kind]


def is_required(entity: Entity, name: str) -> bool:
    """Whether a row without this property is refused."""
    return name in entity.keys or name in entity.mandatory


def _entity_type(entity: Entity, *, lengths: bool) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in entity.keys)
    properties = "".join(_property(entity, one, lengths=lengths) for one in entity.fields.values())
    navigations = "".join(
        f'<NavigationProperty Name="{name}" Type="Collection({NAMESPACE}.{kind})"/>'
        for name, kind in NAVIGATIONS.get(entity.odata_set, {}).items()
    )
    return f'<EntityType Name="{entity.odata_type}"><Key>{keys}</Key>{properties}{navigations}</EntityType>'


def _property(entity: Entity, field: Field, *, lengths: bool) -> str:
    nullable = field.is_enumeration or (field.kind == STRING and field.name not in entity.keys)
    length = f' MaxLength="{field.length_max}"' if lengths and field.length_max else ""
    may_be_null = "" if nullable else ' Nullable="false"'
    notes = ""
    if is_required(entity, field.name):
        notes += _note("IsRequired", value=True)
    if entity.read_only or field.name in entity.keys:
        notes += _note("AllowEdit", value=False)
    if entity.read_only:
        notes += _note("AllowEditOnCreate", value=False)
    kind = f'<Annotation Term="{_CORE}.AXType"><EnumMember>{_CORE}.AXType/{xpp_of(field)}</EnumMember></Annotation>'
    return (
        f"<Property Name={quoteattr(field.name)} Type={quoteattr(edm_of(field))}{may_be_null}{length}>"
        f"{notes}{kind}</Property>"
    )


def _note(term: str, *, value: bool) -> str:
    return f'<Annotation Term="{_CORE}.{term}" Bool="{str(value).lower()}"/>'


def _enum_type(name: str, members: dict[str, int]) -> str:
    inside = "".join(f'<Member Name="{member}" Value="{value}"/>' for member, value in members.items())
    return f'<EnumType Name="{name}">{inside}</EnumType>'


def _entity_set(entity: Entity) -> str:
    return f'<EntitySet Name="{entity.odata_set}" EntityType="{NAMESPACE}.{entity.odata_type}"/>'


def _action(action: BoundAction) -> str:
    bound = f"Collection({NAMESPACE}.{action.entity_type})"
    parameters = "".join(
        f'<Parameter Name="{name}" Type="Edm.{kind}"/>' for name, kind in action.parameters.items()
    )
    return (
        f'<Action Name="{action.name}" IsBound="true" EntitySetPath="{action.odata_set}">'
        f'<Parameter Name="{action.odata_set}" Type="{bound}"/>{parameters}'
        f'<ReturnType Type="Edm.{action.returns}"/></Action>'
    )
