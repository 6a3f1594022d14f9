"""Reports that are answered as JSON or as CSV, whichever was asked for."""

from __future__ import annotations

from typing import Any, Protocol

import azure.functions as func

from shared.web.answers import answer
from shared.web.queries import AS_CSV


class Report(Protocol):
    """What can be written both ways."""

    def as_json(self) -> dict[str, Any]:
        """Give it as the API does."""

    def as_csv(self) -> str:
        """Give it as CSV that no spreadsheet runs."""


def as_asked(report: Report, form: str) -> func.HttpResponse:
    """Answer with a report in the form that was asked for."""
    if form == AS_CSV:
        return func.HttpResponse(report.as_csv(), mimetype="text/csv", charset="utf-8")
    return answer(report.as_json())
