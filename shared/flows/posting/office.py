"""What the settings say of an environment's cash office and signs, in the words of the rules."""

from __future__ import annotations

from dataclasses import replace

from shared.d365.cash_entities import DECLARED
from shared.retail.cash_office import CashOffice
from shared.retail.mapped import MappedTransaction
from shared.settings import AS_POS, AUDITABLE, BY_HAND, PACKAGES, D365Settings


def office_of(settings: D365Settings) -> CashOffice:
    """Say what of the cash office goes to D365."""
    wanted = settings.tender_declarations
    declared_as = "" if wanted == BY_HAND else DECLARED if wanted == AUDITABLE else wanted
    return CashOffice(movements=settings.cash_office == PACKAGES, declared_as=declared_as)


def as_set_up(settings: D365Settings, mapped: MappedTransaction) -> MappedTransaction:
    """Give a receipt with what the environment's settings say of its rows."""
    declared_as = office_of(settings).declared_as if mapped.counted else ""
    return replace(mapped, tax_as_pos=settings.tax_sign == AS_POS, declared_as=declared_as)
