"""Tables and queues in Azure (or its emulator): the SDK for single requests, a hand-built request for groups.

The SDK repeats reads, upserts and doorbells a few times by itself. It never repeats what is not harmless twice: an
insert or a conditional write whose first answer got lost would find its own effect and report a conflict that nobody
made.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from io import BytesIO
from typing import Any, Final

import aiohttp
from azure.core import MatchConditions
from azure.data.tables import EdmType, EntityProperty, TableEntity, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from shared.errors import AlreadyThereError, NotThereError
from shared.storage.connection import CONNECT_SECONDS_MAX, GROUP_SECONDS_MAX, READ_SECONDS_MAX, Connection
from shared.storage.filters import filter_text
from shared.storage.group import encode_group, read_error, read_group_answer
from shared.storage.limits import check_etag, check_group, check_key, check_message, check_query, check_row
from shared.storage.protocols import ANY_ETAG, PAGE_ROWS_MAX, Condition, Operation, Row
from shared.storage.translation import from_status, service_errors

TABLE_API_VERSION = "2019-02-02"
NEVER_EXPIRES = -1
_TIMEOUTS: Final[dict[str, Any]] = {
    "connection_timeout": CONNECT_SECONDS_MAX,
    "read_timeout": READ_SECONDS_MAX,
}
_ONCE: Final[dict[str, Any]] = {**_TIMEOUTS, "retry_total": 0}
_REPEATED: Final[dict[str, Any]] = {
    **_TIMEOUTS,
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
    "retry_backoff_max": 2,
}
_QUEUE_RETRIES: Final[dict[str, Any]] = {
    "retry_total": 2,
    "initial_backoff": 1,
    "increment_base": 1,
    "random_jitter_range": 0,
}
_KEY_COLUMNS: Final[list[str]] = ["PartitionKey", "RowKey", "Timestamp"]


class AzureTable:
    """A table of the service. Rows come with the service's times: its timestamp, and the Date of its answer."""

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self._connection = connection
        self._client: TableClient | None = None
        self._table_url = f"{connection.account.table_url}/{name}"
        self._batch_url = f"{connection.account.table_url}/$batch"

    async def read(self, partition: str, key: str) -> Row | None:
        check_key(partition, "partition")
        check_key(key, "key")
        answer = _Answer()
        try:
            with service_errors(f"read {self.name}", repeatable=True):
                entity = await self._sdk().get_entity(partition, key, raw_response_hook=answer, **_REPEATED)
        except NotThereError:
            return None
        return _row(entity, answer.date)

    async def query(
        self,
        partition: str | None = None,
        *,
        key_from: str = "",
        key_before: str = "",
        where: tuple[Condition, ...] = (),
        select: tuple[str, ...] = (),
        page_size: int = PAGE_ROWS_MAX,
    ) -> AsyncIterator[Row]:
        check_query(partition, (key_from, key_before), where, select, page_size)
        asked = filter_text(partition, key_from=key_from, key_before=key_before, where=where)
        answer = _Answer()
        options: dict[str, Any] = {"results_per_page": page_size, "raw_response_hook": answer, **_REPEATED}
        if select:
            options["select"] = [*_KEY_COLUMNS, *select]
        client = self._sdk()
        found = client.query_entities(asked, **options) if asked else client.list_entities(**options)
        pages = found.by_page()
        while True:
            # The rows are handed out after the `with`: what their reader raises is none of ours to translate.
            with service_errors(f"query {self.name}", repeatable=True):
                page = await anext(pages, None)
                rows = [_row(entity, answer.date) async for entity in page] if page is not None else None
            if rows is None:
                return
            for row in rows:
                yield row

    async def insert(self, row: Row) -> str:
        check_row(row)
        with service_errors(f"insert into {self.name}", repeatable=False):
            return _etag(await self._sdk().create_entity(_entity(row), **_ONCE))

    async def upsert(self, row: Row) -> str:
        check_row(row)
        with service_errors(f"upsert into {self.name}", repeatable=True):
            return _etag(await self._sdk().upsert_entity(_entity(row), mode=UpdateMode.REPLACE, **_REPEATED))

    async def replace(self, row: Row, etag: str) -> str:
        check_row(row)
        check_etag(etag)
        options = {"mode": UpdateMode.REPLACE, **_condition(etag), **_ONCE}
        with service_errors(f"replace in {self.name}", repeatable=False):
            return _etag(await self._sdk().update_entity(_entity(row), **options))

    async def delete(self, partition: str, key: str, etag: str = ANY_ETAG) -> None:
        check_key(partition, "partition")
        check_key(key, "key")
        check_etag(etag)
        answer = _Answer()
        options = {"raw_response_hook": answer, **_condition(etag), **_ONCE}
        with service_errors(f"delete in {self.name}", repeatable=False):
            await self._sdk().delete_entity(partition, key, **options)
        # The SDK keeps silent about a row that was not there; the answer itself tells.
        if answer.status == 404:
            refused = from_status(f"delete in {self.name}", 404, *answer.error, {}, repeatable=False)
            raise refused or NotThereError(key)

    async def write_group(self, operations: Sequence[Operation]) -> None:
        operations = list(operations)
        check_group(operations)
        content_type, body = encode_group(self._table_url, operations)
        what = f"group into {self.name}"
        with service_errors(what, repeatable=False):
            status, headers, answer = await self._post(content_type, body)
        if status in (202, 207):
            failed = read_group_answer(answer)
            if failed is None:
                return
            if refusal := failed.refusal():
                raise refusal from refusal.cause
            status, code, message = failed.status, failed.code, failed.message
        else:
            code, message = read_error(answer)
        raise from_status(what, status, code, message, headers, repeatable=False) or RuntimeError(
            f"{what}: the table service answered {status} {code} {message}"
        )

    async def _post(self, content_type: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send a group; give status, headers and body of the answer."""
        headers = {
            "Content-Type": content_type,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "x-ms-version": TABLE_API_VERSION,
            "DataServiceVersion": "3.0",
            "MaxDataServiceVersion": "3.0;NetFx",
            **await self._connection.signed(self._batch_url),
        }
        timeout = aiohttp.ClientTimeout(
            total=GROUP_SECONDS_MAX, sock_connect=CONNECT_SECONDS_MAX, sock_read=READ_SECONDS_MAX
        )
        session = self._connection.session()
        # From a file in memory aiohttp sends piece by piece, so that a large group does not hold up the loop.
        async with session.post(
            self._batch_url, data=BytesIO(body), headers=headers, timeout=timeout
        ) as response:
            return response.status, dict(response.headers), await response.read()

    def _sdk(self) -> TableClient:
        if self._client is None:
            self._client = TableClient(
                self._connection.account.table_url,
                self.name,
                credential=self._connection.account.sdk_credential,
                transport=self._connection.transport(),
            )
        return self._client


class AzureQueue:
    """A queue of the service. Messages are base64 on the wire, as the Functions host expects them.

    is_plain: as they are instead, for a queue that only people read, in the Azure portal.
    """

    def __init__(self, name: str, connection: Connection, *, is_plain: bool = False) -> None:
        self.name = name
        self._is_plain = is_plain
        self._connection = connection
        self._client: QueueClient | None = None

    async def send(self, text: str, *, visible_in_seconds: int = 0) -> None:
        sent = text if self._is_plain else b64encode(text.encode()).decode("ascii")
        check_message(len(sent.encode()), visible_in_seconds)
        options = {"visibility_timeout": visible_in_seconds, "time_to_live": NEVER_EXPIRES, **_TIMEOUTS}
        with service_errors(f"send to {self.name}", repeatable=True):
            await self._sdk().send_message(sent, **options)

    def _sdk(self) -> QueueClient:
        if self._client is None:
            self._client = QueueClient(
                self._connection.account.queue_url,
                self.name,
                credential=self._connection.account.sdk_credential,
                transport=self._connection.transport(),
                **_QUEUE_RETRIES,
            )
        return self._client


def ensure_tables(connection: Connection) -> Callable[[Sequence[str]], Any]:
    """Give the function that makes missing tables: one request when none is missing."""

    async def ensure(names: Sequence[str]) -> None:
        account = connection.account
        service = TableServiceClient(
            account.table_url, credential=account.sdk_credential, transport=connection.transport()
        )
        with service_errors("list tables", repeatable=True):
            there = {table.name async for table in service.list_tables(**_REPEATED)}
        for name in names:
            if name not in there:
                await _make(f"create table {name}", partial(service.create_table, name, **_ONCE))

    return ensure


def ensure_queues(connection: Connection) -> Callable[[Sequence[str]], Any]:
    """Give the function that makes missing queues: one request when none is missing."""

    async def ensure(names: Sequence[str]) -> None:
        account = connection.account
        service = QueueServiceClient(
            account.queue_url,
            credential=account.sdk_credential,
            transport=connection.transport(),
            **_QUEUE_RETRIES,
        )
        with service_errors("list queues", repeatable=True):
            there = {queue.name async for queue in service.list_queues(**_TIMEOUTS)}
        for name in names:
            if name not in there:
                await _make(f"create queue {name}", partial(service.create_queue, name, **_TIMEOUTS))

    return ensure


async def _make(what: str, create: Callable[[], Any]) -> None:
    """Create something; another process may have been quicker."""
    try:
        with service_errors(what, repeatable=True):
            await create()
    except AlreadyThereError:
        return


class _Answer:
    """What the SDK does not hand out of an answer: its status, its Date and its error. Given to it as a hook."""

    def __init__(self) -> None:
        self.status = 0
        self.date: datetime | None = None
        self.error = ("", "")

    def __call__(self, response: Any) -> None:
        answer = response.http_response
        self.status = answer.status_code
        date = answer.headers.get("Date")
        self.date = parsedate_to_datetime(date) if date else None
        self.error = read_error(answer.content) if self.status >= 400 else ("", "")


def _condition(etag: str) -> dict[str, Any]:
    """Say under which condition the SDK writes; "*" is its own default for a row that must be there."""
    return {} if etag == ANY_ETAG else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _entity(row: Row) -> dict[str, Any]:
    """Write a row for the SDK, every integer as an Edm.Int64."""
    entity: dict[str, Any] = {"PartitionKey": row.partition, "RowKey": row.key}
    for name, value in row.values.items():
        is_number = isinstance(value, int) and not isinstance(value, bool)
        entity[name] = EntityProperty(value, EdmType.INT64) if is_number else value
    return entity


def _row(entity: TableEntity, read_at: datetime | None) -> Row:
    metadata = entity.metadata
    values = dict(entity)
    partition, key = values.pop("PartitionKey"), values.pop("RowKey")
    for name, value in values.items():
        if type(value) is EntityProperty:
            values[name] = value.value
    return Row(partition, key, values, str(metadata["etag"]), metadata["timestamp"], read_at)


def _etag(metadata: Any) -> str:
    return str(metadata["etag"])
