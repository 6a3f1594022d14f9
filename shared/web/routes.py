"""Every HTTP route of the app, one table: what it does, who may call it, what it takes and what it answers.

`docs/openapi.json` is written from it; a test compares it with the triggers, both ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Security = tuple[str, ...]
PEOPLE: Security = ("person",)
SENDERS: Security = ("signature",)
EITHER: Security = ("person", "signature")
ANYONE: Security = ()

NOTHING: Mapping[str, Any] = MappingProxyType({})
REASON = {"type": "string", "minLength": 1, "maxLength": 2000}
JSON, CSV, HTML = "application/json", "text/csv", "text/html"


@dataclass(frozen=True, slots=True)
class Route:
    """One route. security: who may call it; body: the media type it takes, "" for none.

    answers: kind of answer by status, beside the errors that all routes have. takes: the body's properties that must be
    there, may: those that may; query: parameters of the query by name.
    """

    method: str
    path: str
    summary: str
    security: Security
    body: str = ""
    answers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"200": "Object"}))
    takes: Mapping[str, Any] = NOTHING
    may: Mapping[str, Any] = NOTHING
    query: Mapping[str, Any] = NOTHING


_DAY = {"type": "string", "format": "date"}
ROUTES: tuple[Route, ...] = (
    Route(
        "post",
        "/transactions",
        "Send 1 to 500 transactions; each gets its own verdict.",
        SENDERS,
        JSON,
        {"202": "Results", "422": "Problem"},
    ),
    Route(
        "post",
        "/pos/poslog",
        "Send a POSLog document (XML).",
        SENDERS,
        "application/xml",
        {"202": "Results", "422": "Problem"},
    ),
    Route(
        "get",
        "/transactions/{store}/{account}/{transaction_id}",
        "One transaction and where it stands. In its path all of an id but letters, digits, _ . and - is written as = and two "
        "hexadecimal digits for each UTF-8 byte; a source account signs the path as the status_url gave it.",
        EITHER,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "post",
        "/transactions/{store}/{account}/{transaction_id}/reversal",
        "Reverse a posted receipt in D365 and, if wanted, replace it by one mapped anew.",
        PEOPLE,
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON, "replace": {"type": "boolean"}},
        may={
            "business_day": {
                **_DAY,
                "description": "The receipt's own business day or today's. "
                "Left out: its own, or today's where its period is closed.",
            }
        },
    ),
    Route(
        "get",
        "/statements/{store}/{business_day}",
        "The statement of a store-day with its proof.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "post",
        "/statements/{store}/{business_day}/missing",
        "Say that receipts which never arrived are lost or voided.",
        PEOPLE,
        JSON,
        {"200": "Object", "422": "Problem"},
        takes={
            "reason": REASON,
            "terminal": {"type": "string"},
            "sequence_numbers": {
                "type": "array",
                "items": {"type": "integer"},
                "minItems": 1,
                "maxItems": 100,
            },
            "decision": {"type": "string", "enum": ["lost", "voided"]},
        },
    ),
    Route(
        "get",
        "/storedays/{legal_entity}/{business_day}",
        "The store-days of a legal entity, one line a store.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
    ),
    Route(
        "get",
        "/causes",
        "What waits for a person, by cause.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
        query={
            "state": {"type": "string", "enum": ["open", "ended", "all"], "default": "open"},
            "business_day": _DAY,
        },
    ),
    Route(
        "get",
        "/causes/{fingerprint}",
        "One cause with all it holds.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "post",
        "/causes/{fingerprint}/release",
        "Send what a cause holds on its way, after the fix.",
        PEOPLE,
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON},
    ),
    Route(
        "put",
        "/mappings/{kind}",
        "Take rows of a mapping over from CSV, all or nothing. Header X-Reason says why.",
        PEOPLE,
        CSV,
        {"200": "Object", "422": "Problem"},
    ),
    Route(
        "get",
        "/mappings/{kind}",
        "A mapping as it is in force, as CSV.",
        PEOPLE,
        "",
        {"200": "Text", "422": "Problem"},
    ),
    Route(
        "post",
        "/shifts/{store}/{terminal}/{shift}/end",
        "End a shift that nobody closed, or that overlaps the next.",
        PEOPLE,
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON, "at": {"type": "string", "format": "date-time"}},
    ),
    Route(
        "get",
        "/preflight",
        "The last check of what D365 has against what this app uses of it.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem"},
    ),
    Route("post", "/preflight", "Make that check now.", PEOPLE, "", {"200": "Object", "422": "Problem"}),
    Route(
        "get",
        "/reference",
        "What was read of D365's reference data, what is unknown, what our mappings name in vain.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem"},
    ),
    Route("post", "/reference", "Read D365's reference data now.", PEOPLE, "", {"200": "Object"}),
    Route(
        "get",
        "/rebuild/{store}/{business_day}",
        "Derive a store-day again from documents and decisions, and say what of what is kept differs. Nothing is written.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "get",
        "/usage",
        "Storage operations and D365 calls of this instance so far.",
        PEOPLE,
        "",
        {"200": "Object"},
    ),
    Route("get", "/openapi.json", "This description.", ANYONE, "", {"200": "Object"}),
    Route(
        "get",
        "/schemas/transactions.json",
        "The JSON Schema of the body of /transactions.",
        ANYONE,
        "",
        {"200": "Object"},
    ),
    Route("get", "/health", "Whether the app is up.", ANYONE, "", {"200": "Object"}),
    # What comes back.
    Route(
        "get",
        "/returns/{store}/{account}/{transaction_id}",
        "What of a sold receipt came back, by which refunds, and what may still come back.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem"},
    ),
    Route(
        "post",
        "/returns/{store}/{account}/{transaction_id}/accept",
        "Let a return go as one without its receipt, when its sale never came or has nothing left to give back.",
        PEOPLE,
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON},
    ),
)
