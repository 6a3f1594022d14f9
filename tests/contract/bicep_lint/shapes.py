"""The shapes a value may have, and how to make them from Microsoft's own models."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import EnumMeta
from functools import cache
from types import ModuleType
from typing import Any, Required, Union, get_args, get_origin

import azure.mgmt.storage.models
import azure.mgmt.storage.types
import azure.mgmt.web.models
import azure.mgmt.web.types
from typing_extensions import get_type_hints, is_typeddict


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, int or bool ("" for anything); `values` are the only ones allowed, if any are given."""

    kind: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Many:
    """An array of one shape."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Named:
    """An object whose keys are free and whose values have one shape."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with known keys."""

    shapes: Mapping[str, "Shape"]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Model:
    """An object described by a TypedDict of azure-mgmt; read late, because they refer to each other."""

    source: Any

    def fields(self) -> Fields:
        """The keys as they go over the wire."""
        return _fields_of_model(self.source)


Shape = Scalar | Many | Named | Fields | Model

ANYTHING = Scalar("")
TEXT = Scalar("string")
WHOLE = Scalar("int")
FLAG = Scalar("bool")
_PLAIN = {str: TEXT, int: WHOLE, float: WHOLE, bool: FLAG}
_PACKAGES: tuple[tuple[ModuleType, ModuleType], ...] = (
    (azure.mgmt.web.types, azure.mgmt.web.models),
    (azure.mgmt.storage.types, azure.mgmt.storage.models),
)


def one_of(*values: str) -> Scalar:
    """A string out of a list."""
    return Scalar("string", values)


def fields(required: str = "", **shapes: Shape) -> Fields:
    """Known keys; `required` names those that must be there, separated by blanks."""
    return Fields(shapes, frozenset(required.split()))


@cache
def _fields_of_model(source: Any) -> Fields:
    types, models = next(pair for pair in _PACKAGES if pair[0].__name__ == source.__module__)
    hints = get_type_hints(source, globalns={**vars(models), **vars(types)}, include_extras=True)
    # Only what is marked counts: these classes leave `total` on when they inherit, which would require all.
    required = frozenset(name for name, hint in hints.items() if _is_required(hint))
    return Fields({name: _shape(hint) for name, hint in hints.items()}, required)


def _is_required(hint: Any) -> bool:
    origin: Any = get_origin(hint)
    return origin is Required


def _shape(hint: Any) -> Shape:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_typeddict(hint):
        return Model(hint)
    if isinstance(hint, EnumMeta):
        return Scalar("string", tuple(str(member.value) for member in hint))  # type: ignore[var-annotated]
    origin: Any = get_origin(hint)
    arguments = get_args(hint)
    if origin is Required:
        return _shape(arguments[0])
    if origin is list:
        return Many(_shape(arguments[0]))
    if origin is dict:
        return Named(_shape(arguments[1]))
    if origin is Union:
        enums = [each for each in arguments if isinstance(each, EnumMeta)]
        others = [each for each in arguments if each is not type(None)]
        return _shape(enums[0] if enums else others[0])
    return ANYTHING
