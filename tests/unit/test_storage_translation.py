"""What a failed request means. A server that answers, hangs up or is not there stands in for the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    NotThereError,
    RetryableError,
    SettingsError,
    ThrottledError,
    UnknownOutcomeError,
)
from shared.storage.azure import AzureQueue, AzureTable
from shared.storage.connection import Account, Connection
from shared.storage.protocols import Row, Upsert
from shared.storage.translation import from_status

ROW = Row("S1", "k", {})


@asynccontextmanager
async def service(answer: bytes) -> AsyncIterator[tuple[Connection, list[bytes]]]:
    """Serve one answer to every request (b"": hang up after reading it), and keep the request lines."""
    lines: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines.append(head.partition(b"\r\n")[0])
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/acme"
    connection = Connection(Account(url, url, "acme", "a2V5"))
    try:
        yield connection, lines
    finally:
        await connection.close()
        server.close()
        await server.wait_closed()


def http(status: str, code: str = "X", headers: str = "") -> bytes:
    body = f'{{"odata.error":{{"code":"{code}","message":{{"lang":"en","value":"words"}}}}}}'
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


Work = Callable[[AzureTable, AzureQueue], Awaitable[Any]]
READ: Work = lambda table, _: table.read("S1", "k")  # noqa: E731
INSERT: Work = lambda table, _: table.insert(ROW)  # noqa: E731
UPSERT: Work = lambda table, _: table.upsert(ROW)  # noqa: E731
REPLACE: Work = lambda table, _: table.replace(ROW, 'W/"1"')  # noqa: E731
DELETE: Work = lambda table, _: table.delete("S1", "k", 'W/"1"')  # noqa: E731
GROUP: Work = lambda table, _: table.write_group([Upsert(ROW)])  # noqa: E731
SEND: Work = lambda _, queue: queue.send("x")  # noqa: E731
ONCE = {"insert": INSERT, "replace": REPLACE, "delete": DELETE, "group": GROUP}
REPEATABLE = {"read": READ, "upsert": UPSERT}


async def list_all(table: AzureTable, _: AzureQueue) -> list[Row]:
    return [row async for row in table.query("S1")]


def attempt(work: Work, answer: bytes) -> tuple[Exception, list[bytes]]:
    async def story() -> tuple[Exception, list[bytes]]:
        async with service(answer) as (connection, lines):
            with pytest.raises(Exception) as failed:  # noqa: PT011
                await work(AzureTable("due", connection), AzureQueue("bell", connection))
            return failed.value, lines

    return asyncio.run(story())


@pytest.mark.parametrize("kind", ONCE)
def test_an_answer_that_got_lost_leaves_a_write_unknown_and_it_is_not_sent_again(kind: str) -> None:
    error, lines = attempt(ONCE[kind], b"")
    assert type(error) is UnknownOutcomeError
    assert len(lines) == 1


@pytest.mark.parametrize("kind", ONCE)
@pytest.mark.parametrize(
    "status", ["500 Internal Server Error", "504 Gateway Timeout", "408 Request Timeout"]
)
def test_a_time_out_inside_the_service_leaves_a_write_unknown(kind: str, status: str) -> None:
    error, lines = attempt(ONCE[kind], http(status, "OperationTimedOut"))
    assert type(error) is UnknownOutcomeError
    assert len(lines) == 1


@pytest.mark.parametrize("kind", ONCE)
def test_a_busy_service_did_nothing_and_says_when_to_come_back(kind: str) -> None:
    error, lines = attempt(ONCE[kind], http("503 Busy", "ServerBusy", "Retry-After: 7\r\n"))
    assert isinstance(error, ThrottledError)
    assert error.wait_seconds == 7
    assert len(lines) == 1


@pytest.mark.parametrize("kind", REPEATABLE)
@pytest.mark.parametrize("answer", [b"", http("500 Internal Server Error")])
def test_what_is_harmless_twice_is_tried_three_times_and_then_later(kind: str, answer: bytes) -> None:
    error, lines = attempt(REPEATABLE[kind], answer)
    assert isinstance(error, RetryableError)
    assert len(lines) >= 3


def test_a_query_that_gets_no_answer_may_be_asked_later() -> None:
    error, _ = attempt(list_all, b"")
    assert isinstance(error, RetryableError)


@pytest.mark.parametrize("work", [*ONCE.values(), *REPEATABLE.values(), SEND])
def test_a_service_that_cannot_be_reached_did_nothing(work: Work) -> None:
    async def story() -> None:
        connection = Connection(Account("http://127.0.0.1:9/acme", "http://127.0.0.1:9/acme", "acme", "a2V5"))
        with pytest.raises(RetryableError):
            await work(AzureTable("due", connection), AzureQueue("bell", connection))
        await connection.close()

    asyncio.run(story())


def test_an_answer_cut_short_is_a_lost_one() -> None:
    cut = b"HTTP/1.1 202 Accepted\r\nContent-Type: multipart/mixed\r\nContent-Length: 500\r\n\r\n--batch"
    error, _ = attempt(GROUP, cut)
    assert type(error) is UnknownOutcomeError


@pytest.mark.parametrize(
    ("status", "code", "once", "repeatable"),
    [
        (404, "ResourceNotFound", NotThereError, NotThereError),
        (404, "TableNotFound", SettingsError, SettingsError),
        (404, "QueueNotFound", SettingsError, SettingsError),
        (409, "EntityAlreadyExists", AlreadyThereError, AlreadyThereError),
        (409, "TableBeingDeleted", RetryableError, RetryableError),
        (412, "UpdateConditionNotSatisfied", ChangedMeanwhileError, ChangedMeanwhileError),
        (401, "InvalidAuthenticationInfo", SettingsError, SettingsError),
        (403, "AuthorizationPermissionMismatch", SettingsError, SettingsError),
        (408, "", UnknownOutcomeError, RetryableError),
        (429, "TooManyRequests", ThrottledError, ThrottledError),
        (500, "InternalError", UnknownOutcomeError, RetryableError),
        (502, "", UnknownOutcomeError, RetryableError),
        (503, "ServerBusy", ThrottledError, ThrottledError),
        (400, "InvalidInput", type(None), type(None)),
        (413, "RequestBodyTooLarge", type(None), type(None)),
    ],
)
def test_every_status_has_one_meaning(
    status: int, code: str, once: type[object], repeatable: type[object]
) -> None:
    assert type(from_status("w", status, code, "words", {}, repeatable=False)) is once
    assert type(from_status("w", status, code, "words", {}, repeatable=True)) is repeatable


def test_a_message_says_what_was_asked_and_what_was_said() -> None:
    error = from_status("insert into due", 503, "ServerBusy", "busy\nRequestId:1", {}, repeatable=False)
    assert str(error) == "insert into due: 503 ServerBusy busy"
