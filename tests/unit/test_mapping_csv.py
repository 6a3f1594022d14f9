"""Files that are no mapping, or half of one: every mistake by its row, nothing taken; and a hundred thousand rows in bounds."""

from __future__ import annotations

import tracemalloc

import pytest

from shared.errors import RejectedError
from shared.flows.import_mapping import FILE_BYTES_MAX, import_mapping
from shared.retail.mapping_csv import KINDS, PROBLEMS_MAX, read_mapping_csv, write_mapping_csv
from tests.unit.flow_services import DESK, Hand, flow_services, run

TENDERS = KINDS["tenders"]
HEADING = b"store,tender,payment_method\n"
WHOLE = HEADING + b'*,CASH,1\nS1,"VISA, ""gold""",2\nS2,CAF\xc3\x89,3\n'


def places(content: bytes) -> list[tuple[int, str]]:
    return [(one.row, one.column) for one in read_mapping_csv(TENDERS, content)[1]]


def test_the_whole_file_is_read() -> None:
    lines, problems = read_mapping_csv(TENDERS, WHOLE)
    assert problems == []
    assert [(line.row, line["tender"]) for line in lines] == [(2, "CASH"), (3, 'VISA, "gold"'), (4, "CAFÉ")]


def test_half_a_file_is_never_taken_wherever_it_was_cut() -> None:
    taken = []
    for cut in range(len(WHOLE)):
        half = WHOLE[:cut]
        try:
            lines, problems = read_mapping_csv(TENDERS, half)
        except RejectedError:
            continue
        if lines and not problems:
            taken.append(half)
    # what is left is whole rows: nobody can tell that there were more
    assert taken == [
        HEADING + b"*,CASH,1\n",
        HEADING + b'*,CASH,1\nS1,"VISA, ""gold""",2\n',
    ]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (HEADING + b'*,"CAS', 2),
        (HEADING + b"*,CASH,1\n*,VIS", 3),
        (HEADING + b"*,CASH,1\n*,VISA,2", 3),
    ],
)
def test_a_cut_is_told_with_its_row(content: bytes, row: int) -> None:
    assert row in [place for place, _ in places(content)]


@pytest.mark.parametrize(
    ("content", "field", "found"),
    [
        ("store,tender,payment_method\n*,CASH,1\n".encode("utf-16"), "row 1", "UTF-16 text"),
        (HEADING + b"*,CASH,1\n*,Caf\xe9,2\n", "row 3", "the byte e9, 'é' in Windows-1252"),
        (WHOLE[:-3][:-1], "row 4", "the byte c3, 'Ã' in Windows-1252; the file may have been cut off"),
    ],
)
def test_another_encoding_is_told_by_row_and_by_what_it_likely_is(
    content: bytes, field: str, found: str
) -> None:
    with pytest.raises(RejectedError) as error:
        read_mapping_csv(TENDERS, content)
    assert (error.value.field, error.value.found) == (field, found)
    assert error.value.expected.startswith("UTF-8 text")


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "@SUM(A1)",
        '=cmd|"/c calc"!A1'.replace('"', '""'),
        "a\x07b",
        "a\x0bb",
        "\uff1d1+1",
        "\uff20SUM(A1)",
    ],
)
def test_formulas_and_control_characters_are_told_by_row_and_column(cell: str) -> None:
    assert places(HEADING + f'*,CASH,1\n*,"{cell}",2\n'.encode()) == [(3, "tender")]


def test_a_value_over_two_lines_is_refused() -> None:
    assert places(HEADING + b'*,"CA\nSH",1\n') == [(3, "tender")]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("*,CASH,1,2017-13-01,", "valid_from"),
        ("*,CASH,1,20171223,", "valid_from"),
        ("*,CASH,1,0217-12-23,", "valid_from"),
        ("*,CASH,1,2017-12-23,2017-12-22", "valid_to"),
        ("*,CASH,1,,soon", "valid_to"),
    ],
)
def test_a_date_that_is_none_is_told(line: str, column: str) -> None:
    assert places(f"store,tender,payment_method,valid_from,valid_to\n{line}\n".encode()) == [(2, column)]


def test_a_key_twice_is_told_but_not_where_its_rows_begin_on_other_days() -> None:
    dated = b"store,tender,payment_method,valid_from\n"
    assert places(dated + b"*,CASH,1,\n*,CASH,2,2018-01-01\n") == []
    assert places(dated + b"*,CASH,1,2018-01-01\n*,CASH,2,2018-01-01\n") == [(3, "store, tender")]


def test_two_lines_of_a_key_that_turn_out_to_begin_together_are_told() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        text = b"store,tender,payment_method,valid_from\n*,CASH,1,\n*,CASH,2,always\n"
        done = await import_mapping(services, "tenders", text, DESK, "a test")
        assert [(one.row, one.column) for one in done.problems] == [(3, "valid_from")]

    run(story())


STORE = "store,legal_entity,store_number,operating_unit,currency,time_zone,account"
MANY_DIGITS = "1" * 5_000


@pytest.mark.parametrize(
    ("kind", "text", "column"),
    [
        ("stores", f"{STORE},grace_minutes\nS9,usrt,9,9,USD,UTC,east,{MANY_DIGITS}\n", "grace_minutes"),
        ("calendars", f"store,day,silent_minutes\n*,monday,{MANY_DIGITS}\n", "silent_minutes"),
        ("tolerances", f"store,what,limit\n*,late_minutes,{MANY_DIGITS}\n", "limit"),
        ("stores", f"{STORE}\nS9,usrt,9,9,usd,UTC,east\n", "currency"),  # every receipt would be refused at the door
        ("stores", f"{STORE}\n*,usrt,9,9,USD,UTC,east\n", "store"),
        ("stores", f"{STORE},prices_include_tax\nS9,usrt,9,9,USD,UTC,east,maybe\n", "prices_include_tax"),
        ("terminals", "store,terminal,register\n*,1,R1\n", "store"),
        ("owners", "role,store,people,alerts_to\nfinance,*,Ann,ann@chain.test;Bo\n", "alerts_to"),  # Bo would never hear
        ("owners", "role,store,people,alerts_to\nfinance,*,Ann,\"a@chain.test,b@chain.test\"\n", "alerts_to"),
        ("reasons", "reason,account_number,account_type\nTAXI,EXP1,Expence\n", "account_type"),
    ],
)  # fmt: skip
def test_a_value_that_could_never_work_is_told_by_row_and_column(kind: str, text: str, column: str) -> None:
    _, problems = read_mapping_csv(KINDS[kind], text.encode())
    assert (2, column) in {(one.row, one.column) for one in problems}


def many(count: int) -> bytes:
    lines = "".join(f"SKU-{number:07d},D{number:07d},ea\n" for number in range(count))
    return b"item,item_number,unit\n" + lines.encode()


def test_a_hundred_thousand_rows_are_taken_and_one_more_is_refused_with_nothing_changed() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        version = (await services.mappings.refresh()).version
        refused = await import_mapping(services, "items", many(100_001), DESK, "a test")
        assert [(one.row, one.expected) for one in refused.problems] == [(100_002, "at most 100000 rows")]
        assert (await services.mappings.refresh()).version == version
        done = await import_mapping(services, "items", many(100_000), DESK, "a test")
        assert (done.rows, done.version, done.problems) == (100_000, version + 1, ())
        found = services.mappings.known.find("items", "SKU-0099999")
        assert found is not None
        assert found["item_number"] == "D0099999"

    run(story())


def test_reading_a_file_takes_memory_in_proportion_and_stops_after_a_thousand_mistakes() -> None:
    content = many(50_000)
    tracemalloc.start()
    read_mapping_csv(KINDS["items"], content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * len(content)
    _, problems = read_mapping_csv(KINDS["items"], b"item,item_number,unit\n" + b"=A,,ea\n" * 50_000)
    assert PROBLEMS_MAX <= len(problems) <= PROBLEMS_MAX + 5


def test_a_file_beyond_the_limit_is_refused_whole() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        with pytest.raises(RejectedError, match="too large"):
            await import_mapping(services, "items", b"x" * (FILE_BYTES_MAX + 1), DESK, "a test")

    run(story())


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1+1", "@x", "\tx", "\rx"])
def test_nothing_that_a_spreadsheet_would_run_comes_out(value: str) -> None:
    text = write_mapping_csv(TENDERS, [{"store": "*", "tender": value, "payment_method": "1"}])
    assert f"'{value}" in text
