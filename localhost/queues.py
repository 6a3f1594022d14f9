"""Queue triggers, with the semantics of Azure's storage extension (its QueueProcessor and QueueListener sources).

A batch of up to 16 is taken when at most 8 are still running; a message is invisible for ten minutes while it is worked
on; after an error it is visible again after host.json's visibilityTimeout, and after five tries its text is copied to
`<queue>-poison`, where it never expires. A queue whose name ends so has no poison queue of its own. Messages whose
visibility or receipt changed meanwhile are left alone: somebody else has them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import os
import random
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.functions import meta
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from localhost.app import Function
from localhost.clock import pause
from localhost.invocation import invoke, text
from localhost.settings import HostError, HostSettings, resolved

INVISIBLE_SECONDS = 600
POLLING_SECONDS_MIN = 0.1
POISON = "-poison"
DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)  # every Azurite's published account, what UseDevelopmentStorage=true stands for
log = logging.getLogger("localhost")


class Listener:
    """One queue trigger: polls its queue, runs its messages side by side, and decides what becomes of each."""

    def __init__(self, function: Function, host: HostSettings) -> None:
        self.function = function
        self._host = host
        self._settings = host.queues
        name = resolved(function.address)
        connection = connection_string(
            str(function.trigger.get("connection") or "AzureWebJobsStorage"), os.environ
        )
        self._queue = QueueClient.from_connection_string(connection, name, retry_total=0)
        self._poison = (
            None if name.endswith(POISON) else QueueClient.from_connection_string(connection, name + POISON)
        )
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self, ended: asyncio.Event) -> None:
        """Take messages until the host ends, then let those that run end too.

        A message that is cut off (this task is cancelled) stays invisible for the rest of its ten minutes.
        """
        try:
            await self._take_until(ended)
            while self._running:
                await asyncio.wait(self._running)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            await self._queue.close()
            if self._poison:
                await self._poison.close()

    async def _take_until(self, ended: asyncio.Event) -> None:
        """Poll; an idle queue is asked less and less often, up to maxPollingInterval."""
        idle = POLLING_SECONDS_MIN
        while not ended.is_set():
            taken = await self._take()
            for message in taken:
                task = asyncio.create_task(self._work_on(message))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            if taken:
                idle = POLLING_SECONDS_MIN
                while len(self._running) > self._settings.new_batch_threshold:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            else:
                await pause(idle, ended)
                idle = min(idle * random.uniform(1.8, 2.2), self._settings.polling_seconds_max)  # noqa: S311  # spreads polls

    async def _take(self) -> list[QueueMessage]:
        batch = self._settings.batch_size
        try:
            pages = self._queue.receive_messages(
                messages_per_page=batch, max_messages=batch, visibility_timeout=INVISIBLE_SECONDS
            )
            return [message async for message in pages]
        except ResourceNotFoundError:
            return []  # nobody made the queue yet
        except AzureError as error:
            log.warning("queue %s cannot be read: %s", self._queue.queue_name, str(error).partition("\n")[0])
            return []

    async def _work_on(self, message: QueueMessage) -> None:
        """Run one message to its end: deleted, visible again later, or among the poisoned."""
        tries = message.dequeue_count or 1
        try:
            if tries > self._settings.dequeue_count_max or not await self._try(message):
                await self._failed(message, tries)
            else:
                await self._queue.delete_message(message)
        except ResourceNotFoundError:
            log.info("a message of %s was taken over by somebody else", self._queue.queue_name)
        except AzureError:
            log.exception("a message of %s is tried again later", self._queue.queue_name)

    async def _try(self, message: QueueMessage) -> bool:
        try:
            value = meta.Datum(self._decoded(message.content), "string")
            await invoke(
                self.function, value, _metadata(message), seconds_max=self._host.function_seconds_max
            )
        except Exception:  # the host's edge: whatever a function raises makes its message fail, no other
            log.exception("%s failed, try %s", self.function.name, message.dequeue_count)
            return False
        return True

    async def _failed(self, message: QueueMessage, tries: int) -> None:
        if self._poison is None or tries < self._settings.dequeue_count_max:
            await self._queue.update_message(
                message, visibility_timeout=int(self._settings.visibility_seconds)
            )
            return
        await self._send_to_poison(message.content)
        await self._queue.delete_message(message)
        log.error(
            "a message of %s failed %s times and is in %s%s",
            self._queue.queue_name,
            tries,
            self._queue.queue_name,
            POISON,
        )

    async def _send_to_poison(self, content: str) -> None:
        assert self._poison is not None
        try:
            await self._poison.send_message(content, time_to_live=-1)
        except ResourceNotFoundError:
            try:
                await self._poison.create_queue()
            except ResourceExistsError:
                log.debug("%s was made meanwhile", self._poison.queue_name)
            await self._poison.send_message(content, time_to_live=-1)

    def _decoded(self, content: str) -> str:
        if not self._settings.base64:
            return content
        try:
            return base64.b64decode(content, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError(
                "the message is not base64 of UTF-8, as host.json's messageEncoding says"
            ) from error


def connection_string(name: str, environ: Mapping[str, str]) -> str:
    """Give the connection string in the setting a trigger names."""
    value = environ.get(name) or environ.get(f"AzureWebJobs{name}", "")
    if not value:
        raise HostError(f"the setting {name} is not set; the local host needs a connection string in it")
    return DEVELOPMENT if value.strip(" ;").lower() == "usedevelopmentstorage=true" else value


def _metadata(message: QueueMessage) -> dict[str, Any]:
    """Give what the host tells about a message beside its text."""
    instants = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    known = {name: text(instant.isoformat()) for name, instant in instants.items() if instant}
    return {
        **known,
        "Id": text(message.id),
        "DequeueCount": text(message.dequeue_count or 1),
        "PopReceipt": text(message.pop_receipt),
    }
