"""`$metadata` read safely and in little memory: only the sets and enumerations that are asked for are kept.

D365's own can be tens of megabytes. It is parsed twice from its bytes, element by element: sets name their types, and stand
after them. DTDs and entities are refused.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET  # only its types; the text is parsed by defusedxml
from collections.abc import Collection, Iterator

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from shared.d365.contract import Environment, FoundField, FoundSet
from shared.d365.entities import ENUM, STRING
from shared.d365.odata import ENUM_NAMESPACE
from shared.errors import RetryableError

_TOP_LEVEL = 4  # Edmx, DataServices, Schema, and then types, enumerations and the container


def environment_of(content: bytes, sets: Collection[str], enums: Collection[str]) -> Environment:
    """Read the sets and enumerations of these names; those that are not there are left out.

    Raises:
        RetryableError: it is no `$metadata` that could be read, such as one cut short on its way.
    """
    types = {
        str(one.get("EntityType")).rpartition(".")[2]: str(one.get("Name"))
        for name, one in _elements(content)
        if name == "EntitySet" and one.get("Name") in sets
    }
    found: dict[str, FoundSet] = {}
    members: dict[str, dict[str, int]] = {}
    for name, one in _elements(content):
        title = str(one.get("Name"))
        if name == "EntityType" and title in types:
            found[types[title]] = _set_of(types[title], title, one)
        elif name == "EnumType" and title in enums:
            members[title] = dict(_members_of(one))
    return Environment(found, members)


def action_names(content: bytes) -> list[str]:
    """Name every action that D365 offers, sorted.

    Raises:
        RetryableError: it is no `$metadata` that could be read.
    """
    return sorted({str(one.get("Name")) for name, one in _elements(content) if name == "Action"})


def set_names(content: bytes) -> list[str]:
    """Name every set that D365 shows, sorted.

    Raises:
        RetryableError: it is no `$metadata` that could be read.
    """
    return sorted({str(one.get("Name")) for name, one in _elements(content) if name == "EntitySet"})


def _elements(content: bytes) -> Iterator[tuple[str, ET.Element]]:
    """Give every type, enumeration, set and action with its local name; what has been given is forgotten."""
    depth, seen = 0, 0
    try:
        for event, element in defusedxml.ElementTree.iterparse(
            io.BytesIO(content), ("start", "end"), forbid_dtd=True
        ):
            if event == "start":
                depth += 1
                continue
            name = element.tag.rpartition("}")[2]
            if name in ("EntityType", "EnumType", "EntitySet", "Action"):
                seen += 1
                yield name, element
            if depth == _TOP_LEVEL or name == "EntitySet":
                element.clear()
            depth -= 1
    except (ET.ParseError, DefusedXmlException) as error:
        raise RetryableError(f"D365's $metadata cannot be read ({type(error).__name__})") from error
    if not seen:
        raise RetryableError("D365's $metadata names no set at all")


def _set_of(odata_set: str, odata_type: str, element: ET.Element) -> FoundSet:
    keys = tuple(str(one.get("Name")) for one in element.iter() if one.tag.endswith("}PropertyRef"))
    fields = [_field_of(one, keys) for one in element if one.tag.endswith("}Property")]
    is_annotated = any(one.tag.endswith("}Annotation") for one in element.iter())
    read_only = is_annotated and not any(one.may_be_written for one in fields)
    by_name = {one.name: one for one in fields}
    return FoundSet(odata_set, odata_type, keys, by_name, is_read_only=read_only, is_annotated=is_annotated)


def _field_of(element: ET.Element, keys: tuple[str, ...]) -> FoundField:
    """Read a property. What must and may be written stands in annotations, as in an observed `$metadata` (META)."""
    name, edm = str(element.get("Name")), str(element.get("Type"))
    is_enum = edm.startswith(ENUM_NAMESPACE)
    length = str(element.get("MaxLength", ""))
    notes = {
        str(one.get("Term")).rpartition(".")[2]: one.get("Bool")
        for one in element
        if one.tag.endswith("}Annotation")
    }
    return FoundField(
        name,
        ENUM if is_enum else edm,
        edm.removeprefix(ENUM_NAMESPACE) if is_enum else "",
        int(length) if length.isdecimal() else 0,
        is_mandatory=name in keys or notes.get("IsRequired") == "true" or _is_text_never_null(element),
        may_be_written=notes.get("AllowEditOnCreate") != "false",
    )


def _is_text_never_null(element: ET.Element) -> bool:
    """Nullable="false" makes only a text mandatory: a number or an enumeration in D365 is never null, sent or not."""
    return element.get("Type") == STRING and element.get("Nullable") == "false"


def _members_of(element: ET.Element) -> Iterator[tuple[str, int]]:
    """Give members with their numbers; counted from 0 where D365 does not say them, as the OData standard has it."""
    for place, one in enumerate(one for one in element if one.tag.endswith("}Member")):
        number = str(one.get("Value", place))
        yield str(one.get("Name")), int(number) if number.lstrip("-").isdecimal() else place
