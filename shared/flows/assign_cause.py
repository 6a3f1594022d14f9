"""Give a cause to a named person, or back to everybody of its owner role. Whose it is stays when it ends and comes back."""

from __future__ import annotations

from shared.errors import RejectedError
from shared.flows.telling.people import names_of
from shared.flows.telling.word import read_or_begin, say
from shared.retail.cause_state import Decided, Head, assign
from shared.services import Services
from shared.settings import Person

NAMES_SHOWN_MAX = 20


async def assign_cause(
    services: Services, fingerprint: str, to: str, person: Person, reason: str
) -> Head | None:
    """Assign a cause; `to` is the name of somebody who answers for its owner role, or "" for nobody. None: no such cause.

    Raises:
        RejectedError: nobody of that name answers for the role.
    """
    head = await read_or_begin(services, fingerprint)
    if head is None:
        return None
    owner = head.tally.owner
    mappings = await services.mappings.at_least(0)
    names = names_of(services.settings, mappings, owner, services.now().date())
    if to and to not in names:
        raise RejectedError(
            f"nobody of that name answers for {owner}", field="to", found=to,
            expected=f"one of: {', '.join(names[:NAMES_SHOWN_MAX])}" if names else "somebody with that role, and there is none",
        )  # fmt: skip

    def word(known: Head) -> Decided:
        return assign(known, to, person.name, reason)

    did = f"gave a cause to {to}" if to else "gave a cause back to everybody"
    return await say(services, fingerprint, person, did, reason, word)
