"""The routes of what people decide about what is held, and of the record of every decision."""

from __future__ import annotations

from shared.web.route import PEOPLE, Route

OF_DECISIONS: tuple[Route, ...] = (
    Route(
        "get",
        "/audit",
        "Whether the record of every decision still is what was written down, by store and area.",
        PEOPLE,
    ),
    Route(
        "get",
        "/audit/{area}",
        "What was decided for a store or an area: who, what, when, why and on what evidence, with its chain verified.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
)
