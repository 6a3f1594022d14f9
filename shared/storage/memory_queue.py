"""The twin of a storage queue in memory: visibility, pop receipts and delivery counts as the service has them.

The app itself only sends; receiving is for tests and simulations that stand in for the host. Unlike the service, the
twin delivers in order and counts exactly; a simulation that wants disorder makes it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.storage.limits import check_message
from shared.storage.protocols import MESSAGES_PER_CALL_MAX, VISIBILITY_SECONDS_MAX

Now = Callable[[], datetime]
Effect = Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as received or peeked. A peeked one has no pop receipt ("")."""

    id: str
    text: str
    pop_receipt: str
    dequeue_count: int
    inserted_at: datetime


@dataclass(slots=True)
class _Kept:
    message: Message
    visible_at: datetime


class MemoryQueue:
    """A queue in memory. Texts are kept as text; their size is counted in base64, as on the wire."""

    def __init__(
        self, name: str, now: Now, *, before_effect: Effect | None = None, after_effect: Effect | None = None
    ) -> None:
        self.name = name
        self.before_effect = before_effect
        self.after_effect = after_effect
        self._now = now
        self._numbers = 0
        self._kept: dict[str, _Kept] = {}

    async def send(self, text: str, *, visible_in_seconds: int = 0) -> None:
        check_message(len(b64encode(text.encode())), visible_in_seconds)
        await self._before("send")
        now, name = self._now(), self._next("message")
        message = Message(name, text, pop_receipt="", dequeue_count=0, inserted_at=now)
        self._kept[name] = _Kept(message, now + timedelta(seconds=visible_in_seconds))
        await self._after("send")

    async def receive(self, messages_max: int = 1, *, visibility_seconds: int = 30) -> list[Message]:
        """Take messages that are visible; each stays invisible for so long and comes back unless deleted.

        Raises:
            ValueError: not 1 to 32 messages, or a visibility outside 1 second to 7 days.
        """
        _check_count(messages_max)
        if not 1 <= visibility_seconds <= VISIBILITY_SECONDS_MAX:
            raise ValueError(
                f"invisible for {visibility_seconds} seconds; limit 1 to {VISIBILITY_SECONDS_MAX}"
            )
        await self._before("receive")
        until = self._now() + timedelta(seconds=visibility_seconds)
        received = []
        for kept in self._visible()[:messages_max]:
            old = kept.message
            kept.visible_at = until
            kept.message = Message(
                old.id, old.text, self._next("pop"), old.dequeue_count + 1, old.inserted_at
            )
            received.append(kept.message)
        await self._after("receive")
        return received

    async def peek(self, messages_max: int = 1) -> list[Message]:
        """Look at messages that are visible; nothing about them changes."""
        _check_count(messages_max)
        await self._before("peek")
        seen = [kept.message for kept in self._visible()[:messages_max]]
        await self._after("peek")
        return [Message(one.id, one.text, "", one.dequeue_count, one.inserted_at) for one in seen]

    async def update(
        self, message_id: str, pop_receipt: str, *, visible_in_seconds: int, text: str | None = None
    ) -> str:
        """Change when a received message is seen again, and its text where given; give the new pop receipt.

        Raises:
            NotThereError: the message is gone.
            ChangedMeanwhileError: the pop receipt is not the latest.
        """
        check_message(len(b64encode((text or "").encode())), visible_in_seconds)
        await self._before("update")
        kept = self._held(message_id, pop_receipt)
        old = kept.message
        new_text = old.text if text is None else text
        kept.message = Message(old.id, new_text, self._next("pop"), old.dequeue_count, old.inserted_at)
        kept.visible_at = self._now() + timedelta(seconds=visible_in_seconds)
        await self._after("update")
        return kept.message.pop_receipt

    async def delete(self, message_id: str, pop_receipt: str) -> None:
        """Take a received message away for good. A visibility that ran out does no harm until somebody receives it.

        Raises:
            NotThereError: the message is gone.
            ChangedMeanwhileError: the pop receipt is not the latest.
        """
        await self._before("delete")
        self._held(message_id, pop_receipt)
        del self._kept[message_id]
        await self._after("delete")

    def __len__(self) -> int:
        """Count messages, invisible ones included."""
        return len(self._kept)

    def _visible(self) -> list[_Kept]:
        now = self._now()
        seen = [kept for kept in self._kept.values() if kept.visible_at <= now]
        return sorted(seen, key=lambda kept: kept.visible_at)

    def _held(self, message_id: str, pop_receipt: str) -> _Kept:
        kept = self._kept.get(message_id)
        if kept is None:
            raise NotThereError(f"{self.name}: message {message_id} is not there")
        if not pop_receipt or kept.message.pop_receipt != pop_receipt:
            raise ChangedMeanwhileError(f"{self.name}: message {message_id} was received by somebody else")
        return kept

    def _next(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers}"

    async def _before(self, kind: str) -> None:
        if self.before_effect is not None:
            await self.before_effect(kind, self.name)

    async def _after(self, kind: str) -> None:
        if self.after_effect is not None:
            await self.after_effect(kind, self.name)


def _check_count(messages_max: int) -> None:
    if not 1 <= messages_max <= MESSAGES_PER_CALL_MAX:
        raise ValueError(f"{messages_max} messages in one call; limit 1 to {MESSAGES_PER_CALL_MAX}")
