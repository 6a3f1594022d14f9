"""A kind of mapping by its name."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import RejectedError
from shared.retail.mapping_kinds import KINDS, MappingKind


def mapping_kind(name: str, among: Mapping[str, MappingKind] = KINDS) -> MappingKind:
    """Give a kind of mapping by name; what is read from D365 is nobody's to import.

    Raises:
        RejectedError: there is none of that name.
    """
    if name not in among:
        raise RejectedError(
            f"there is no mapping {name!r}", field="kind", expected=", ".join(among), found=name
        )
    return among[name]
