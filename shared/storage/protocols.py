"""What the rest of the app knows of storage: rows, conditions, group operations, tables and queues, and their limits.

Two implementations stand behind these protocols: Azure Storage (`azure.py`) and its twins in memory (`memory.py`).
The limits are those of Table Storage and Storage queues; where an emulator is more generous, the limit here counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NoReturn, Protocol, TypeAlias

Value: TypeAlias = str | int | bool | bytes | datetime
Operator: TypeAlias = Literal["eq", "ne", "gt", "ge", "lt", "le"]

KEY_CHARACTERS_MAX = 512
KEY_CHARACTERS_FORBIDDEN = "/\\#?"
PROPERTIES_MAX = 252
PROPERTY_NAME_CHARACTERS_MAX = 255
TEXT_UNITS_MAX = 32_768  # UTF-16 code units, which is 64 KiB
BINARY_BYTES_MAX = 65_536
ROW_BYTES_MAX = 1_048_576
GROUP_OPERATIONS_MAX = 100
GROUP_BYTES_MAX = 4 * 1_048_576
CONDITIONS_MAX = 15  # comparisons in one filter, those on partition and key included
FILTER_CHARACTERS_MAX = 8_192  # percent-encoded, as part of an address
PAGE_ROWS_MAX = 1_000
MESSAGE_BYTES_MAX = 65_536  # after base64
MESSAGES_PER_CALL_MAX = 32
VISIBILITY_SECONDS_MAX = 7 * 86_400

ANY_ETAG = "*"


@dataclass(frozen=True, slots=True)
class Row:
    """One table entity. A property that is not there is absent, never None; there are no floats and no decimals.

    etag: as read, "" for a row not yet saved. written_at: the service's own timestamp of the last write. read_at: the
    service's clock when it delivered the row (whole seconds). So the age of a row uses no clock but the service's.
    """

    partition: str
    key: str
    values: Mapping[str, Value]
    etag: str = ""
    written_at: datetime | None = None
    read_at: datetime | None = None

    @property
    def age_seconds(self) -> float | None:
        """Give the row's age when it was read, by the service's clock; None for a row that was not read.

        `read_at` has whole seconds, so the age of a row just written may come out as much as a second too low.
        """
        if self.read_at is None or self.written_at is None:
            return None
        return (self.read_at - self.written_at).total_seconds()

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name, default)
        return value if isinstance(value, str) else self._refuse(name, "text")

    def number(self, name: str, default: int = 0) -> int:
        value = self.values.get(name, default)
        return (
            value
            if isinstance(value, int) and not isinstance(value, bool)
            else self._refuse(name, "a number")
        )

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name, default)
        return value if isinstance(value, bool) else self._refuse(name, "true or false")

    def data(self, name: str) -> bytes:
        """Give a binary property; b"" when absent."""
        value = self.values.get(name, b"")
        return value if isinstance(value, bytes) else self._refuse(name, "binary")

    def instant(self, name: str) -> datetime:
        """Give an instant, aware, in UTC.

        Raises:
            KeyError: the row has no such property; there is no instant to default to.
        """
        value = self.values[name]
        return value if isinstance(value, datetime) else self._refuse(name, "an instant")

    def with_values(self, **changes: Value | None) -> Row:
        """Give the row with properties changed; None takes a property away. ETag and times stay as read."""
        values = {**self.values, **{name: value for name, value in changes.items() if value is not None}}
        for name, value in changes.items():
            if value is None:
                values.pop(name, None)
        return replace(self, values=values)

    def _refuse(self, name: str, expected: str) -> NoReturn:
        found = type(self.values.get(name)).__name__
        raise TypeError(f"property {name} of row {self.partition} / {self.key} is {found}, not {expected}")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a query. A property that is absent, or of another type, matches no comparison, not even ne."""

    name: str
    op: Operator
    value: str | int | bool | datetime


@dataclass(frozen=True, slots=True)
class Insert:
    """Write a row that must not be there yet."""

    row: Row


@dataclass(frozen=True, slots=True)
class Upsert:
    """Write a row whether or not it is there; what was there is replaced whole."""

    row: Row


@dataclass(frozen=True, slots=True)
class Replace:
    """Write a row that must still have this ETag ("*": any, but it must be there)."""

    row: Row
    etag: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a row away that must still have this ETag ("*": any, but it must be there)."""

    partition: str
    key: str
    etag: str = ANY_ETAG


Operation: TypeAlias = Insert | Upsert | Replace | Remove


class Table(Protocol):
    """A table. Every method may also raise RetryableError; writes but upsert may raise UnknownOutcomeError.

    A row or an argument outside the limits is a ValueError that names the limit, raised before anything is sent.
    """

    @property
    def name(self) -> str: ...

    async def read(self, partition: str, key: str) -> Row | None:
        """Read one row; None when it is not there."""
        ...

    def query(
        self,
        partition: str | None = None,
        *,
        key_from: str = "",
        key_before: str = "",
        where: tuple[Condition, ...] = (),
        select: tuple[str, ...] = (),
        page_size: int = PAGE_ROWS_MAX,
    ) -> AsyncIterator[Row]:
        """Read rows in the order of partition and key: key_from <= key < key_before ("": no bound), all conditions met.

        `select` names the properties to deliver (none: all). Pages are read one after another, as they are needed: a
        query is no snapshot.
        """
        ...

    async def insert(self, row: Row) -> str:
        """Write a new row; give its ETag.

        Raises:
            AlreadyThereError: a row has this key.
        """
        ...

    async def upsert(self, row: Row) -> str:
        """Write a row whole, whether or not it is there; give its ETag."""
        ...

    async def replace(self, row: Row, etag: str) -> str:
        """Write a row whole if it still has this ETag; give the new one.

        Raises:
            ChangedMeanwhileError: it has another ETag.
            NotThereError: it is gone.
        """
        ...

    async def delete(self, partition: str, key: str, etag: str = ANY_ETAG) -> None:
        """Take a row away if it still has this ETag.

        Raises:
            ChangedMeanwhileError: it has another ETag.
            NotThereError: it is gone.
        """
        ...

    async def write_group(self, operations: Sequence[Operation]) -> None:
        """Write 1 to 100 operations on different rows of one partition, all or nothing, in one request.

        Raises:
            GroupRefusedError: one operation's condition failed; `index` says which, `cause` why. Nothing was written.
        """
        ...


class Queue(Protocol):
    """A queue of doorbells."""

    @property
    def name(self) -> str: ...

    async def send(self, text: str, *, visible_in_seconds: int = 0) -> None:
        """Send a message that never expires.

        Raises:
            RetryableError: it was not sent, or nobody knows; a doorbell may ring twice.
        """
        ...
