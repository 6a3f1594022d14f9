"""The routes of the checks that people make each day and each month."""

from __future__ import annotations

from shared.web.route import DECISION_BYTES_MAX, DESKS, JSON, PEOPLE, Route, format_of

OF_CHECKS: tuple[Route, ...] = (
    Route(
        "get",
        "/checks/{cadence}/{legal_entity}/{period}",
        "The checks of a business day (cadence daily, 2017-12-23) or of a month (monthly, 2017-12), made now: what is in order, "
        "what is not, with its money, owner and runbook. Nothing is kept.",
        PEOPLE,
        "",
        {"200": "Sheet", "404": "Problem", "422": "Problem"},
        query={"format": format_of("json", "csv")},
    ),
    Route(
        "post",
        "/checks/{cadence}/{legal_entity}/{period}",
        "Make these checks now, and keep what they found under your name.",
        DESKS,
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        may={"note": {"type": "string", "maxLength": 2000}},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get",
        "/checks/{cadence}/{legal_entity}",
        "The checks that were kept, the newest first.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
        query={"period": {"type": "string"}},
    ),
)
