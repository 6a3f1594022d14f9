"""Say what a store still lacks before it can trade: by name, in order, with who does what."""

from __future__ import annotations

from typing import Any

from shared.retail.owners import people_of
from shared.retail.store_readiness import lacks_of, verdict_of
from shared.services import Services
from shared.storage.heard import heard_of


async def check_store(services: Services, store: str) -> dict[str, Any]:
    """Give a store's readiness today; one that is in no mapping lacks everything. One request."""
    mappings, day = await services.mappings.refresh(), services.now().date()
    heard = await heard_of(services.tables.due, store)
    accounts = [name for name, sender in services.settings.senders.items() if sender.may_send_for(store)]
    tills = [one.terminal for one in heard]
    lacks = await services.in_thread(lacks_of, store, mappings, day, tills, accounts)
    return {
        "store": store,
        "day": day.isoformat(),
        "mapping_version": mappings.version,
        "verdict": verdict_of(lacks),
        "lacks": [
            {
                "step": step,
                "what": one.what,
                "owner": one.owner,
                "people": list(people_of(mappings, one.owner, [store], day).people),
                "do_this": one.do_this,
                "state": one.state,
            }
            for step, one in enumerate(lacks, start=1)
        ],
    }
