"""Every HTTP route of the app, one table, by subject.

`docs/openapi.json` is written from it; a test compares it with the triggers, both ways.
"""

from __future__ import annotations

from shared.gate import people
from shared.web.route import (
    ANYONE,
    CSV,
    DAY,
    DECISION_BYTES_MAX,
    EITHER,
    FILE_BYTES_MAX,
    JSON,
    NAME,
    PEOPLE,
    REASON,
    SENDERS,
    Route,
    format_of,
)
from shared.web.routes_causes import OF_CAUSES
from shared.web.routes_checks import OF_CHECKS
from shared.web.routes_decisions import OF_DECISIONS
from shared.web.routes_mappings import OF_MAPPINGS
from shared.web.routes_personal import OF_PERSONAL_DATA
from shared.web.routes_tasks import OF_TASKS
from shared.web.routes_vendors import OF_VENDORS

ROUTES: tuple[Route, ...] = (
    Route(
        "post",
        "/transactions",
        "Send 1 to 500 transactions; each gets its own verdict.",
        SENDERS,
        JSON,
        {"202": "Results", "422": "Problem"},
        bytes_max=FILE_BYTES_MAX,
    ),
    Route(
        "post",
        "/pos/poslog",
        "Send a POSLog document (XML).",
        SENDERS,
        "application/xml",
        {"202": "Results", "422": "Problem"},
        bytes_max=FILE_BYTES_MAX,
    ),
    Route(
        "post",
        "/pos/csv",
        "Send 1 to 500 receipts as CSV (docs/pos/csv.md).",
        SENDERS,
        CSV,
        {"202": "Results", "422": "Problem"},
        bytes_max=FILE_BYTES_MAX,
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
        people("finance"),
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON, "replace": {"type": "boolean"}},
        may={
            "business_day": {
                **DAY,
                "description": "The receipt's own business day or today's. "
                "Left out: its own, or today's where its period is closed.",
            }
        },
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get",
        "/statements/{store}/{business_day}",
        "The statement of a store-day with its proof.",
        PEOPLE,
        "",
        {"200": "Sheet", "404": "Problem", "422": "Problem"},
        query={"format": format_of("json", "csv", "html")},
    ),
    Route(
        "post",
        "/statements/{store}/{business_day}/missing",
        "Say that receipts which never arrived are lost or voided.",
        people("store_operations", "finance"),
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
        may={
            "generation": {
                "type": "integer",
                "minimum": 1,
                "maximum": 99,
                "default": 1,
                "description": "Which of the tills that have borne the number, where it was replaced.",
            }
        },
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get",
        "/storedays/{legal_entity}/{business_day}",
        "The store-days of a legal entity, one line a store.",
        PEOPLE,
        "",
        {"200": "Sheet", "422": "Problem"},
        query={"format": format_of("json", "csv")},
    ),
    Route(
        "post",
        "/shifts/{store}/{terminal}/{shift}/end",
        "End a shift that nobody closed, or that overlaps the next.",
        people("store_operations"),
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON, "at": {"type": "string", "format": "date-time"}},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get",
        "/preflight",
        "The last check of what D365 has against what this app uses of it.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem"},
    ),
    Route("post", "/preflight", "Make that check now.", people("it"), "", {"200": "Object", "422": "Problem"}),
    Route(
        "get",
        "/reference",
        "What was read of D365's reference data, what is unknown, what our mappings name in vain.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem"},
    ),
    Route(
        "post",
        "/reference",
        "Read D365's reference data now.",
        people("finance", "retail_systems", "it"),
        "",
        {"200": "Object"},
    ),
    Route(
        "get",
        "/rebuild/{store}/{business_day}",
        "Derive a store-day again from documents and decisions, and say what of what is kept differs. Nothing is written.",
        people("it", "finance"),
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route("get", "/usage", "Storage operations and D365 calls of this instance so far.", PEOPLE, "", {"200": "Object"}),
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
    Route(
        "post", "/statements/{store}/{business_day}/sign-off",
        "Sign the statement, or the open supplement, of a store-day off. Only with nothing unexplained.", people("finance"), JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON, "revision": {"type": "integer", "minimum": 1, "description": "The revision that was read."}},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get", "/statements/{store}/{business_day}/signed/{number}",
        "What was signed, as it was signed: 0 is the statement, 1 and on its supplements.", PEOPLE, "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "get", "/trail/{store}/{business_day}/{receipt_number}",
        "The trail of a receipt from its printed number: document, changes, mapping, package, D365, statement, hashes checked.",
        PEOPLE, "", {"200": "Sheet", "404": "Problem", "422": "Problem"}, query={"format": format_of("json", "html")},
    ),
    # Month end
    Route(
        "get",
        "/readiness/{legal_entity}/{period}",
        "Whether a period (2017-12, or 2017-12-01..2017-12-31) can be closed: Ready or Not ready, what is in the way, its "
        "value and its owner. As JSON or CSV.",
        PEOPLE,
        "",
        {"200": "Sheet", "404": "Problem", "422": "Problem"},
        query={"format": format_of("json", "csv")},
    ),
    Route(
        "post",
        "/readiness/{legal_entity}/{period}/tills",
        "Say of a till that was not heard to the end that nothing of it is outstanding.",
        people("store_operations", "finance"),
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON, "store": NAME, "terminal": NAME},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get",
        "/accrual/{legal_entity}",
        "What tills had sold at a cut-off and the ledger did not have, by account and tax code, and what was posted since. "
        "cut_off: an instant, or a business day; now, if it is left out. As JSON or CSV.",
        PEOPLE,
        "",
        {"200": "Sheet", "404": "Problem", "422": "Problem"},
        query={"cut_off": {"type": "string"}, "format": format_of("json", "csv")},
    ),
    Route(
        "get",
        "/late/{legal_entity}/{period}",
        "The receipts that came after a month (2017-12) was closed, and the memo of two sides for both months. JSON or CSV.",
        PEOPLE,
        "",
        {"200": "Sheet", "404": "Problem", "422": "Problem"},
        query={"format": format_of("json", "csv")},
    ),
    Route(
        "post",
        "/statements/{store}/{business_day}/vouchers",
        "Read the vouchers behind a store-day from D365 now, and compare them with what was posted.",
        people("finance", "it"),
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    # Shifts and tills
    Route(
        "get",
        "/tills/{store}/{business_day}",
        "How a store-day's tills stand: what is wrong with their shifts, and whether D365 calls them busy, or will.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "post",
        "/tills/{store}/{terminal}/replaced",
        "Declare that a till was replaced: from an instant on, its numbers are the new till's.",
        people("retail_systems", "store_operations"),
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON, "business_day": DAY, "since": {"type": "string", "format": "date-time"}},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "post",
        "/tills/{store}/{terminal}/not-replaced",
        "Take a declared replacement back: it was a mistake, the till's numbers go on as before.",
        people("retail_systems", "store_operations"),
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON, "generation": {"type": "integer", "minimum": 2, "maximum": 99}},
        bytes_max=DECISION_BYTES_MAX,
    ),
    # Completeness
    Route(
        "get",
        "/completeness/{store}/{business_day}",
        "What is missing of a store-day by till, each number's life, control totals, and how old its receipts became.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "get",
        "/heard",
        "When each store and each of its tills was last heard, and whether it trades now.",
        PEOPLE,
        "",
        {"200": "Object"},
    ),
    Route(
        "post",
        "/overtyped/{store}/{business_day}",
        "Say that a shift's totals were typed higher in D365 for sales that had not come; what comes is compared with it.",
        people("finance", "store_operations"),
        JSON,
        {"200": "Object", "422": "Problem"},
        takes={
            "reason": REASON,
            "terminal": {"type": "string"},
            "shift": {"type": "string"},
            "tender": {"type": "string"},
            "amount": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
        },
        bytes_max=DECISION_BYTES_MAX,
    ),
    # What comes back.
    Route(
        "get",
        "/returns/{store}/{account}/{transaction_id}",
        "What of a sold receipt came back, by which refunds, and what may still come back.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "post",
        "/returns/{store}/{account}/{transaction_id}/accept",
        "Let a return go as one without its receipt, when its sale never came or has nothing left to give back.",
        people("finance", "store_operations"),
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    *OF_TASKS,
    *OF_VENDORS,
    *OF_CHECKS,
    *OF_CAUSES,
    *OF_MAPPINGS,
    *OF_DECISIONS,
    *OF_PERSONAL_DATA,
)  # fmt: skip
_BY_ADDRESS = {(one.method, one.path): one for one in ROUTES}


def route_of(method: str, path: str) -> Route:
    """Give the route of a method and a path as the table writes it; without one, nothing is opened.

    Raises:
        LookupError: nobody has said who may call it, and what it takes.
    """
    found = _BY_ADDRESS.get((method.lower(), path))
    if found is None:
        raise LookupError(f"{method} {path} is not in the table of routes")
    return found
