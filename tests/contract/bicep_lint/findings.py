"""What the lint reports."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """One name for each kind of mistake."""

    SYNTAX = "syntax"
    DECLARED_TWICE = "declared twice"
    UNDEFINED = "undefined symbol"
    UNUSED = "unused symbol"
    MISSING_MODULE = "missing module file"
    MISSING_PARAMETER = "missing module parameter"
    UNKNOWN_PARAMETER = "unknown module parameter"
    UNKNOWN_RESOURCE = "unknown resource type or version"
    UNKNOWN_PROPERTY = "unknown property"
    MISSING_PROPERTY = "missing property"
    WRONG_TYPE = "wrong type"
    WRONG_VALUE = "value not allowed"
    UNKNOWN_ROLE = "unknown role"


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake, with the place to look at (line counts from 1)."""

    path: Path
    line: int
    kind: Kind
    message: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.kind}: {self.message}"
