"""The queue in memory: visibility on the injected clock, pop receipts, delivery counts, limits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.storage.memory_queue import MemoryQueue


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2017, 12, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_a_message_comes_back_until_it_is_deleted() -> None:
    async def story() -> None:
        clock = Clock()
        queue = MemoryQueue("q", clock)
        await queue.send("x")
        first = (await queue.receive(visibility_seconds=30))[0]
        assert (first.text, first.dequeue_count) == ("x", 1)
        assert await queue.receive() == []
        clock.wait(30)
        second = (await queue.receive())[0]
        assert (second.id, second.dequeue_count) == (first.id, 2)
        with pytest.raises(ChangedMeanwhileError):
            await queue.delete(first.id, first.pop_receipt)
        await queue.delete(second.id, second.pop_receipt)
        with pytest.raises(NotThereError):
            await queue.delete(second.id, second.pop_receipt)
        clock.wait(60)
        assert await queue.receive() == []

    run(story())


def test_a_late_delete_still_works_while_nobody_else_received() -> None:
    async def story() -> None:
        clock = Clock()
        queue = MemoryQueue("q", clock)
        await queue.send("x")
        message = (await queue.receive(visibility_seconds=1))[0]
        clock.wait(100)
        await queue.delete(message.id, message.pop_receipt)
        assert len(queue) == 0

    run(story())


def test_a_message_is_seen_when_its_time_has_come() -> None:
    async def story() -> None:
        clock = Clock()
        queue = MemoryQueue("q", clock)
        await queue.send("later", visible_in_seconds=10)
        await queue.send("now")
        assert [one.text for one in await queue.peek(32)] == ["now"]
        clock.wait(9.9)
        assert [one.text for one in await queue.receive(32)] == ["now"]
        clock.wait(0.1)
        assert [one.text for one in await queue.receive(32)] == ["later"]

    run(story())


def test_an_update_gives_a_new_receipt_a_new_time_and_a_new_text() -> None:
    async def story() -> None:
        clock = Clock()
        queue = MemoryQueue("q", clock)
        await queue.send("x")
        message = (await queue.receive())[0]
        receipt = await queue.update(message.id, message.pop_receipt, visible_in_seconds=0, text="y")
        with pytest.raises(ChangedMeanwhileError):
            await queue.update(message.id, message.pop_receipt, visible_in_seconds=0)
        assert [(one.text, one.pop_receipt, one.dequeue_count) for one in await queue.peek()] == [
            ("y", "", 1)
        ]
        await queue.delete(message.id, receipt)

    run(story())


def test_a_peek_changes_nothing() -> None:
    async def story() -> None:
        queue = MemoryQueue("q", Clock())
        await queue.send("x")
        assert await queue.peek() == await queue.peek()
        assert (await queue.receive())[0].dequeue_count == 1

    run(story())


def test_limits_are_named() -> None:
    async def story() -> None:
        queue = MemoryQueue("q", Clock())
        await queue.send("x" * 49_152)  # 65,536 bytes in base64
        with pytest.raises(ValueError, match="65540 bytes in base64; limit 65536"):
            await queue.send("x" * 49_153)
        for seconds in (-1, 604_801):
            with pytest.raises(ValueError, match="limit 0 to 604800"):
                await queue.send("x", visible_in_seconds=seconds)
        for seconds in (0, 604_801):
            with pytest.raises(ValueError, match="limit 1 to 604800"):
                await queue.receive(visibility_seconds=seconds)
        for count in (0, 33):
            with pytest.raises(ValueError, match="limit 1 to 32"):
                await queue.receive(count)

    run(story())


def test_a_lost_answer_to_a_send_means_a_second_bell() -> None:
    async def crash(kind: str, name: str) -> None:
        assert (kind, name) == ("send", "q")
        raise ConnectionError

    async def story() -> None:
        queue = MemoryQueue("q", Clock(), after_effect=crash)
        with pytest.raises(ConnectionError):
            await queue.send("x")
        queue.after_effect = None
        await queue.send("x")
        assert len(await queue.receive(32)) == 2

    run(story())
