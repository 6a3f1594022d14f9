"""Both implementations of tables and queues behind one face, so that one scenario proves them alike."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from shared.settings import StorageSettings
from shared.storage.azure import AzureQueue, AzureTable, ensure_queues, ensure_tables
from shared.storage.connection import Connection, account_of
from shared.storage.memory import MemoryTable
from shared.storage.memory_queue import MemoryQueue, Message
from shared.storage.protocols import Queue, Table

MEMORY, AZURITE = "memory", "azurite"
_numbers = itertools.count(1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2017, 12, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    async def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@asynccontextmanager
async def table_of(twin: str, azurite: str) -> AsyncIterator[Table]:
    """Give an empty table of one of the two."""
    if twin == MEMORY:
        yield MemoryTable("scenario", Clock())
        return
    connection = Connection(account_of(StorageSettings(azurite), None))
    name = f"scenario{next(_numbers)}"
    await ensure_tables(connection)([name])
    try:
        yield AzureTable(name, connection)
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Received:
    """A queue as its receiver sees it: five calls, refusals as one word, and a way to let time pass."""

    queue: Queue
    receive: Callable[[int, int], Awaitable[list[Message]]]
    peek: Callable[[int], Awaitable[list[Message]]]
    update: Callable[[Message, int, str | None], Awaitable[str]]
    delete: Callable[[Message], Awaitable[str]]
    wait: Callable[[float], Awaitable[None]]


@asynccontextmanager
async def queue_of(twin: str, azurite: str) -> AsyncIterator[Received]:
    """Give an empty queue of one of the two."""
    if twin == MEMORY:
        yield _memory_queue()
        return
    connection = Connection(account_of(StorageSettings(azurite), None))
    name = f"scenario-{next(_numbers)}"
    await ensure_queues(connection)([name])
    async with QueueClient.from_connection_string(azurite, name) as client:
        try:
            yield _azurite_queue(AzureQueue(name, connection), client)
        finally:
            await connection.close()


def _memory_queue() -> Received:
    clock = Clock()
    queue = MemoryQueue("scenario", clock)

    async def receive(count: int, seconds: int) -> list[Message]:
        return await queue.receive(count, visibility_seconds=seconds)

    async def update(message: Message, seconds: int, text: str | None) -> str:
        return await _word(
            queue.update(message.id, message.pop_receipt, visible_in_seconds=seconds, text=text)
        )

    async def delete(message: Message) -> str:
        return await _word(queue.delete(message.id, message.pop_receipt))

    return Received(queue, receive, queue.peek, update, delete, clock.wait)


def _azurite_queue(queue: AzureQueue, client: QueueClient) -> Received:
    async def receive(count: int, seconds: int) -> list[Message]:
        pages = client.receive_messages(
            messages_per_page=count, max_messages=count, visibility_timeout=seconds
        )
        return [_message(one) async for one in pages]

    async def peek(count: int) -> list[Message]:
        return [_message(one) for one in await client.peek_messages(count)]

    async def update(message: Message, seconds: int, text: str | None) -> str:
        return await _word(
            client.update_message(message.id, message.pop_receipt, content=text, visibility_timeout=seconds)
        )

    async def delete(message: Message) -> str:
        return await _word(client.delete_message(message.id, message.pop_receipt))

    return Received(queue, receive, peek, update, delete, asyncio.sleep)


def _message(one: Any) -> Message:
    return Message(one.id, one.content, one.pop_receipt or "", one.dequeue_count or 0, one.inserted_on)


async def _word(work: Awaitable[Any]) -> str:
    """Say how a call ended: done, gone, or not ours any more."""
    try:
        await work
    except ResourceNotFoundError:
        return "gone"
    except HttpResponseError as error:
        if error.status_code != 400:
            raise
        return "not ours"
    except Exception as error:  # noqa: BLE001  the twin's errors by name; anything else shows as itself
        return {"NotThereError": "gone", "ChangedMeanwhileError": "not ours"}.get(
            type(error).__name__, repr(error)
        )
    return "done"
