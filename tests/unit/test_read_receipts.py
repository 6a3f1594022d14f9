"""What would become of a file's receipts is said line by line before it is sent, and by the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.read_receipts import main
from tests.unit.csv_documents import FIXTURES, csv_of
from tests.unit.documents import sale_document


def test_each_receipt_of_a_sound_day_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["csv", str(FIXTURES / "day__of_a_small_till.csv")]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("day__of_a_small_till.csv: 7 receipts")
    assert told[1:] == [
        "  S1 K-1: kept, SHIFT_OPEN",
        "  S1 K-2: goes to D365, 16.20 USD",
        "  S1 K-3: kept, not sent: VOIDED",
        "  S1 K-4: kept, not sent: training",
        "  S1 K-5: goes to D365, -5.40 USD",
        "  S1 K-6: kept, PAID_OUT",
        "  S1 K-7: kept, SHIFT_CLOSE",
    ]


def test_what_would_be_refused_or_held_is_said_with_its_place_and_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = sale_document(2)
    short["tenders"] = short["tenders"][:1]
    path = tmp_path / "takings.csv"
    path.write_bytes(csv_of(sale_document(1, currency="usd"), short))
    assert main(["csv", str(path)]) == 1
    told = capsys.readouterr().out
    assert (
        "  S1 T1: refused\n    row 2, column currency: expected text of the form ^[A-Z]{3}$, found usd\n"
        in told
    )
    assert "  S1 T2: held\n" in told
    assert "found 30.00 USD, a difference of 6.00" in told


def test_a_file_that_cannot_be_read_at_all_is_said_and_the_next_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, good = tmp_path / "empty.csv", tmp_path / "good.csv"
    empty.write_bytes(b"")
    good.write_bytes(csv_of(sale_document(1)))
    assert main(["csv", str(empty), str(tmp_path / "none.csv"), str(good)]) == 1
    told = capsys.readouterr()
    assert "empty.csv: refused: body: expected a document, found nothing" in told.err
    assert "none.csv: refused:" in told.err
    assert "  S1 T1: goes to D365, 24.00 USD" in told.out
