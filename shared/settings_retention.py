"""The settings of retention: after how long what may speak of a person goes, and what nobody needs any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import SettingsError

TEXTS_DAYS, CASHIERS_DAYS, DOCUMENTS_MONTHS, ENDED_DAYS = (
    "TILLPOST_KEEP_TEXTS_DAYS", "TILLPOST_KEEP_CASHIERS_DAYS", "TILLPOST_KEEP_DOCUMENTS_MONTHS", "TILLPOST_KEEP_ENDED_DAYS",
)  # fmt: skip
RETENTION_SETTING_NAMES = (TEXTS_DAYS, CASHIERS_DAYS, DOCUMENTS_MONTHS, ENDED_DAYS)
DAYS_MIN, DAYS_MAX, MONTHS_MAX = 30, 36_500, 1_200


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long what is kept; 0 is for ever. Days and months count from the business day, or from when it ended.

    texts_days: free texts, card endings and what vendors sent beside, in documents. cashiers_days: the cashier's number.
    documents_months: the documents themselves; their figures stay. ended_days: causes and alerts that have ended.
    """

    texts_days: int = 400
    cashiers_days: int = 0
    documents_months: int = 0
    ended_days: int = 400


def read_retention_settings(environ: Mapping[str, str]) -> RetentionSettings:
    """Read them.

    Raises:
        SettingsError: one is no number, or shorter than a month, in which people still work with what is kept.
    """
    usual = RetentionSettings()
    return RetentionSettings(
        texts_days=_number(environ, TEXTS_DAYS, usual.texts_days, DAYS_MIN, DAYS_MAX),
        cashiers_days=_number(environ, CASHIERS_DAYS, usual.cashiers_days, DAYS_MIN, DAYS_MAX),
        documents_months=_number(environ, DOCUMENTS_MONTHS, usual.documents_months, 1, MONTHS_MAX),
        ended_days=_number(environ, ENDED_DAYS, usual.ended_days, DAYS_MIN, DAYS_MAX),
    )


def _number(environ: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = environ.get(name, "").strip() or str(usual)
    is_good = text.isascii() and text.isdecimal() and len(text) <= 6
    if not is_good or not (int(text) == 0 or least <= int(text) <= most):
        raise SettingsError(
            f"{name} is {text[:20]!r}; expected 0 for ever, or a whole number from {least} to {most}"
        )
    return int(text)
