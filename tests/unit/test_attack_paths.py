"""Names in addresses that nothing is called by: a clear answer, and never a question too long for the tables."""

from __future__ import annotations

import azure.functions as func
import pytest

from shared.errors import RejectedError
from shared.storage.filters import filter_text
from shared.storage.protocols import Condition
from shared.web.requests import path_id


def asked(name: str) -> func.HttpRequest:
    return func.HttpRequest(method="GET", url="/api/trail", body=b"", route_params={"receipt_number": name})


@pytest.mark.parametrize("name", ["'" * 201, "=E6=BC=A2" * 201, "é" * 2_400, "=00", "=0A", ""])
def test_a_name_that_no_receipt_has_is_refused_before_the_tables_are_asked(name: str) -> None:
    with pytest.raises(RejectedError) as refused:
        path_id(asked(name), "receipt_number")
    assert refused.value.field == "receipt_number"


@pytest.mark.parametrize("name", ["'" * 200, "=E6=BC=A2" * 200, "=F0=9F=98=80" * 200])
def test_the_longest_names_fit_into_a_question_twice(name: str) -> None:
    read = path_id(asked(name), "receipt_number")
    where = (Condition("Terminal", "eq", read), Condition("Shift", "eq", read))
    assert filter_text("S1", key_from="day~S1~2017-12-23~", key_before="day~S1~2017-12-23~~", where=where)
