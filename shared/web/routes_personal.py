"""The routes of personal data: what is kept of a person, erasing it, and what retention has let go."""

from __future__ import annotations

from shared.gate import people
from shared.web.names import DAY
from shared.web.route import DECISION_BYTES_MAX, JSON, NAME, PEOPLE, REASON, Route

_RECEIPT = {
    "type": "object",
    "required": ["store", "account", "transaction_id"],
    "properties": {"store": NAME, "account": NAME, "transaction_id": NAME},
}

OF_PERSONAL_DATA: tuple[Route, ...] = (
    Route(
        "post",
        "/personal-data/find",
        "What is kept of a person: the receipts of a source account whose documents hold an order number, a customer's number "
        "or another text whole, with all of theirs that may speak of a person. A stretch of days is read; nothing is written.",
        people("finance", "it"),
        JSON,
        {"200": "Object", "422": "Problem"},
        takes={
            "account": NAME,
            "texts": {"type": "array", "minItems": 1, "maxItems": 10, "items": NAME},
            "from": dict(DAY),
            "to": dict(DAY),
        },
        bytes_max=DECISION_BYTES_MAX,
        may={"stores": {"type": "array", "maxItems": 200, "items": NAME}},
    ),
    Route(
        "post",
        "/personal-data/erase",
        "Erase what may speak of a person in receipts, with all their versions and corrections: free texts, card endings, what "
        "the vendor sent beside. Figures, statements, signatures and D365 stay as they are. check=true says what would go. The "
        "reason is kept for ever: name the request, not the person.",
        people("finance"),
        JSON,
        {"200": "Object", "422": "Problem"},
        takes={
            "reason": REASON,
            "receipts": {"type": "array", "minItems": 1, "maxItems": 20, "items": _RECEIPT},
        },
        may={"operator": {"type": "boolean", "description": "The cashier's number too.", "default": False}},
        bytes_max=DECISION_BYTES_MAX,
        query={"check": {"type": "boolean", "default": False}},
    ),
    Route(
        "get",
        "/personal-data/retention",
        "How long what is kept, how far retention has come, and what it has let go and erased so far.",
        PEOPLE,
    ),
)
