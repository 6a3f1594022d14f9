"""What we use of D365, as one contract, and how an environment differs from it. Pure: reading it is `metadata.py`'s.

A set that is written, and the headers that are read back, are needed: a difference there stops posting. What only gives
evidence, and reference data, is optional: where a set is absent, what rests on it is *unknown*, and that is no mismatch.
A field of such a set that differs is one, but never stops posting.

Not compared, because no metadata shows it: the labels that packages use. The first import compares them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from shared.d365.entities import ENTITIES, ENUM, ENUM_MEMBERS, READ_HEADERS, READ_SETS, Field
from shared.d365.evidence_sets import EVIDENCE_SETS
from shared.d365.reference_sets import IN_THE_EXTRACT, NAMED_ELSEWHERE, REFERENCE_MEMBERS


@dataclass(frozen=True, slots=True)
class UsedSet:
    """One set as we use it. `keys`: empty where it is only read, by filters."""

    odata_set: str
    fields: tuple[Field, ...]
    keys: tuple[str, ...] = ()
    is_written: bool = False
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything of D365 that we use. members: by enum, with their numbers."""

    sets: tuple[UsedSet, ...]
    members: Mapping[str, Mapping[str, int]]

    @property
    def version(self) -> str:
        """Give a text that is another one as soon as anything we use is another."""
        return hashlib.sha256(repr((self.sets, sorted(self.members.items()))).encode()).hexdigest()[:12]

    @property
    def set_names(self) -> frozenset[str]:
        """The sets' names, each once."""
        return frozenset(one.odata_set for one in self.sets)

    @property
    def written_sets(self) -> tuple[str, ...]:
        """The names of the sets that are written."""
        return tuple(one.odata_set for one in self.sets if one.is_written)


@dataclass(frozen=True, slots=True)
class FoundField:
    """One property as an environment has it. length_max 0: it does not say. Mandatory: a row without it is refused."""

    name: str
    edm: str
    enum: str = ""
    length_max: int = 0
    is_mandatory: bool = False
    may_be_written: bool = True

    @property
    def type_name(self) -> str:
        """The type as people write it."""
        return self.enum or self.edm


@dataclass(frozen=True, slots=True)
class FoundSet:
    """One set as an environment has it. odata_type: what /metadata calls it. is_annotated: `$metadata` says itself what
    may and must be written.
    """

    odata_set: str
    odata_type: str
    keys: tuple[str, ...]
    fields: Mapping[str, FoundField]
    is_read_only: bool = False
    is_annotated: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """What an environment shows of the sets and enumerations we use; what it does not show is not in here."""

    sets: Mapping[str, FoundSet]
    members: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def states_lengths(self) -> bool:
        """Whether it says how long texts may be; an observed environment does not (`$metadata` of META)."""
        return any(one.length_max for found in self.sets.values() for one in found.fields.values())


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference. `where` as RetailTransactions.RreceiptId; blocks: nothing may be posted while it is there."""

    where: str
    expected: str
    found: str
    blocks: bool


def _used(needed: Iterable[str]) -> Iterator[UsedSet]:
    for entity in ENTITIES.values():
        yield UsedSet(entity.odata_set, entity.fields, entity.keys, is_written=True, is_needed=True)
    for source in (*READ_SETS, *EVIDENCE_SETS, *IN_THE_EXTRACT, *NAMED_ELSEWHERE):
        yield UsedSet(
            source.odata_set, source.fields, is_needed=source.odata_set in needed and source is READ_HEADERS
        )


CONTRACT = Contract(tuple(_used({READ_HEADERS.odata_set})), {**ENUM_MEMBERS, **REFERENCE_MEMBERS})


def compare(contract: Contract, environment: Environment) -> tuple[Mismatch, ...]:
    """Name every difference, the blocking ones first, each place once."""
    found: dict[str, Mismatch] = {}
    for used in sorted(contract.sets, key=lambda one: not one.is_needed):
        for mismatch in _set_mismatches(used, environment.sets.get(used.odata_set)):
            found.setdefault(mismatch.where, mismatch)
    for enum, members in contract.members.items():
        blocks = any(_names_enum(used, enum) for used in contract.sets if used.is_needed)
        for mismatch in _member_mismatches(enum, members, environment.members.get(enum), blocks=blocks):
            found.setdefault(mismatch.where, mismatch)
    return tuple(sorted(found.values(), key=lambda one: (not one.blocks, one.where)))


def unannotated_sets(contract: Contract, environment: Environment) -> tuple[FoundSet, ...]:
    """Give the written sets of which `$metadata` does not say what may and must be written: /metadata does."""
    written = (environment.sets.get(name) for name in contract.written_sets)
    return tuple(found for found in written if found is not None and not found.is_annotated)


def unknown_sets(contract: Contract, environment: Environment) -> tuple[str, ...]:
    """Name the sets that an environment need not show and does not: their answers are unknown."""
    needed = {one.odata_set for one in contract.sets if one.is_needed}
    return tuple(sorted(contract.set_names - needed - set(environment.sets)))


def _set_mismatches(used: UsedSet, found: FoundSet | None) -> Iterator[Mismatch]:
    if found is None:
        if used.is_needed:
            yield Mismatch(used.odata_set, "a set of this name", "no such set", blocks=True)
        return
    if used.keys and set(used.keys) != set(found.keys):
        expected, there = ", ".join(sorted(used.keys)), ", ".join(sorted(found.keys)) or "none"
        yield Mismatch(f"{used.odata_set} key", expected, there, used.is_needed)
    if used.is_written and found.is_read_only:
        yield Mismatch(used.odata_set, "may be written", "read-only", blocks=True)
    ours = {one.name for one in used.fields}
    for one in used.fields:
        yield from _field_mismatches(used, one, found, ours)
    if used.is_written:
        for other in found.fields.values():
            if other.is_mandatory and other.name not in ours:
                where = f"{used.odata_set}.{other.name}"
                yield Mismatch(where, "not mandatory: it is not sent", "mandatory", blocks=True)


def _field_mismatches(used: UsedSet, one: Field, found: FoundSet, ours: set[str]) -> Iterator[Mismatch]:
    where, there = f"{used.odata_set}.{one.name}", found.fields.get(one.name)
    if there is None:
        hint = _nearest(one.name, set(found.fields) - ours)
        yield Mismatch(where, "a field of this name", f"no such field{hint}", used.is_needed)
        return
    expected = one.enum if one.edm == ENUM else one.edm
    if there.type_name != expected:
        yield Mismatch(where, f"type {expected}", f"type {there.type_name}", used.is_needed)
    elif one.length_max and 0 < there.length_max < one.length_max:
        yield Mismatch(where, f"length {one.length_max}", f"length {there.length_max}", used.is_needed)
    elif used.is_written and not there.may_be_written:
        yield Mismatch(where, "may be written", "read-only", blocks=True)


def _member_mismatches(
    enum: str, members: Mapping[str, int], found: Mapping[str, int] | None, *, blocks: bool
) -> Iterator[Mismatch]:
    if found is None:
        if blocks:
            yield Mismatch(enum, "an enumeration of this name", "no such enumeration", blocks)
        return
    for name, number in members.items():
        where = f"{enum}.{name}"
        if name not in found:
            hint = _nearest(name, set(found) - set(members))
            yield Mismatch(where, f"a member of this name, {number}", f"no such member{hint}", blocks)
        elif found[name] != number:
            yield Mismatch(where, f"number {number}", f"number {found[name]}", blocks)


def _names_enum(used: UsedSet, enum: str) -> bool:
    return any(one.enum == enum for one in used.fields)


def _nearest(name: str, others: set[str]) -> str:
    """Say which other name is meant, perhaps: one that differs in case or spelling only."""
    by_lower = {other.lower(): other for other in sorted(others)}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.8)
    return f"; the nearest is {by_lower[close[0]]}" if close else ""


def with_public(found: FoundSet, answer: Mapping[str, object]) -> FoundSet:
    """Add what only /metadata/PublicEntities says: what may be written, and what must be. Unreadable parts are ignored."""
    listed = answer.get("Properties")
    properties = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    fields = dict(found.fields)
    for one in properties:
        known = fields.get(str(one.get("Name")))
        if known is not None:
            fields[known.name] = replace(
                known,
                is_mandatory=one.get("IsMandatory") is True,
                may_be_written=one.get("AllowEditOnCreate") is not False,
            )
    return replace(found, fields=fields, is_read_only=answer.get("IsReadOnly") is True)
