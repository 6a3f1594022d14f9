"""What a reason is: one class of exception, with one owner, whose fault it is, and a message in four parts."""

from __future__ import annotations

from dataclasses import dataclass

FINANCE = "finance"
STORE_OPERATIONS = "store_operations"
RETAIL_SYSTEMS = "retail_systems"
IT = "it"
OWNERS = (FINANCE, STORE_OPERATIONS, RETAIL_SYSTEMS, IT)

D365_DATA = "set-up of D365 or of its mapping"
STORE_TIMING = "what the store did, or when"
SYSTEM = "a system: D365, this app, or the way between them"


@dataclass(frozen=True, slots=True)
class Reason:
    """One class of exception. The four texts are templates over the words of the cause: {value}, {store}, ..."""

    code: str
    owner: str
    fault: str
    what_happened: str
    why: str
    holds_up: str
    do_this: str
