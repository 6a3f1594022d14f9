"""Random sequences of queue operations, from a seed, run step by step against two queues and compared.

Messages are told apart by their texts; nothing waits: a message is hidden for an hour or not at all, so that both
clocks, the test's and the service's, say the same.
"""

from __future__ import annotations

import random
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from shared.storage.memory_queue import Message
from tests.contract.storage_twins import Received

HIDDEN_SECONDS = 3600
TEXTS = ("plain", "it's", "é😀", '{"due": "map~S1~2017-12-23"}', " spaces ", "<&>", "x" * 2_000)


@dataclass(slots=True)
class QueueSide:
    """One of the two queues, and the messages it gave, old and new: the same step means each side's own.

    is_encoded: the service holds texts in base64, as the host reads them; the twin holds them as they are.
    """

    queue: Received
    is_encoded: bool = False
    given: list[Message] = field(default_factory=list)

    def text_of(self, message: Message) -> str:
        return b64decode(message.text, validate=True).decode() if self.is_encoded else message.text

    def written(self, text: str) -> str:
        return b64encode(text.encode()).decode() if self.is_encoded else text

    def chosen(self, place: int) -> Message | None:
        """Give one of the messages received so far, by a number that both sides share."""
        return self.given[place % len(self.given)] if self.given else None


QueueStep = Callable[[QueueSide], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class NamedStep:
    words: str
    step: QueueStep


def queue_sequence(seed: int) -> list[NamedStep]:
    """Make the steps of one sequence of 10 to 50."""
    dice = random.Random(seed)
    makers = [_send, _send, _receive, _receive, _peek, _delete, _delete, _update]
    return [dice.choice(makers)(dice, number) for number in range(dice.randint(10, 50))]


def _send(dice: random.Random, number: int) -> NamedStep:
    text, hidden = f"{number} {dice.choice(TEXTS)}", dice.choice((0, 0, 0, HIDDEN_SECONDS))

    async def step(side: QueueSide) -> Any:
        await side.queue.queue.send(text, visible_in_seconds=hidden)
        return "sent"

    return NamedStep(f"send {text[:12]!r}, hidden {hidden} s", step)


def _receive(dice: random.Random, _: int) -> NamedStep:
    count = dice.choice((1, 1, 2, 32))

    async def step(side: QueueSide) -> Any:
        messages = await side.queue.receive(count, HIDDEN_SECONDS)
        side.given += messages
        return [(side.text_of(one), one.dequeue_count) for one in messages]

    return NamedStep(f"receive {count}", step)


def _peek(dice: random.Random, _: int) -> NamedStep:
    count = dice.choice((1, 5, 32))

    async def step(side: QueueSide) -> Any:
        return [(side.text_of(one), one.dequeue_count) for one in await side.queue.peek(count)]

    return NamedStep(f"peek {count}", step)


def _delete(dice: random.Random, _: int) -> NamedStep:
    place = dice.randrange(1_000)

    async def step(side: QueueSide) -> Any:
        message = side.chosen(place)
        return "none given" if message is None else await side.queue.delete(message)

    return NamedStep(f"delete the message given at {place}", step)


def _update(dice: random.Random, _: int) -> NamedStep:
    place, text = dice.randrange(1_000), dice.choice((None, "another text"))

    async def step(side: QueueSide) -> Any:
        message = side.chosen(place)
        if message is None:
            return "none given"
        return await side.queue.update(message, HIDDEN_SECONDS, None if text is None else side.written(text))

    return NamedStep(f"update the message given at {place}", step)
