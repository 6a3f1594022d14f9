"""The document that is left of a receipt when what may speak of a person was erased: our own words, and nothing of the vendor's.

No till sends it. It is read like any kept document, whichever format the receipt came in.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from pydantic import TypeAdapter, ValidationError

from shared.errors import RejectedError
from shared.pos.adapter import SHAPE, Arrival, rejected
from shared.retail.rules import Problem
from shared.retail.transaction import Transaction

NAME = "erased"
_FORM = "what is left of an erased receipt"
_CODEC = TypeAdapter(Transaction)


def document_from(transaction: Transaction) -> bytes:
    """Write a receipt from which everything personal is gone. The same receipt gives the same bytes."""
    return json.dumps(_plain(transaction), ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    """Write values as JSON has them, amounts digit for digit."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = ((one, getattr(value, one.name)) for one in dataclasses.fields(value))
        return {one.name: _plain(held) for one, held in named if _is_said(one, held)}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _is_said(field: dataclasses.Field[object], value: object) -> bool:
    """Say whether a field must be written: what has nothing to say is read as nothing, but where a value is required."""
    is_required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    return is_required or (value is not None and value not in ((), {}))


class ErasedAdapter:
    """Reads what `document_from` wrote."""

    name = NAME
    version = 1

    def read(self, body: bytes, account: str) -> list[Arrival]:  # noqa: ARG002  # as the protocol has it
        """Refuse it: nothing arrives in this form.

        Raises:
            RejectedError: always.
        """
        raise rejected(Problem(SHAPE, "body", "a document of a till", "an erased receipt"))

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read a kept document again.

        Raises:
            RejectedError: it is not one of these.
        """
        try:
            transaction = _CODEC.validate_json(document)
        except ValidationError as error:
            raise rejected(Problem(SHAPE, "document", _FORM, "something else")) from error
        if transaction.account != account:
            raise RejectedError("it is another source account's", field="document", expected=account)
        return transaction

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id with the till's generation behind it."""
        return f"{transaction_id}#{generation}"
