"""Write a note on a cause: what was found out, who was asked. It stays in the cause's history."""

from __future__ import annotations

from shared.flows.telling.word import read_or_begin, say
from shared.retail.cause_state import Decided, Head, note
from shared.services import Services
from shared.settings import Person


async def note_cause(services: Services, fingerprint: str, text: str, person: Person) -> Head | None:
    """Write a note; None where there is no such cause."""
    if await read_or_begin(services, fingerprint) is None:
        return None

    def word(known: Head) -> Decided:
        return note(known, person.name, text)

    return await say(services, fingerprint, person, "wrote a note on a cause", text, word)
