"""The contract with D365, compared with environments written by hand; and `$metadata` read safely."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.d365.contract import (
    CONTRACT,
    Contract,
    Environment,
    FoundField,
    FoundSet,
    Mismatch,
    UsedSet,
    compare,
    unannotated_sets,
    unknown_sets,
    with_public,
)
from shared.d365.edmx import environment_of
from shared.d365.entities import DECIMAL, ENUM, Field
from shared.errors import RetryableError

WRITTEN = UsedSet(
    "Receipts", (Field("Number", length_max=44), Field("Amount", DECIMAL), Field("Kind", ENUM, enum="Kinds")),
    ("Number",), is_written=True, is_needed=True,
)  # fmt: skip
READ = UsedSet("Journal", (Field("postedDate"), Field("State", ENUM, enum="States")))
USED = Contract((WRITTEN, READ), {"Kinds": {"Sale": 2}, "States": {"Posted": 220}})
FIELDS = {
    "Number": FoundField("Number", "Edm.String", length_max=44, is_mandatory=True),
    "Amount": FoundField("Amount", "Edm.Decimal"),
    "Kind": FoundField("Kind", ENUM, "Kinds"),
}
RECEIPTS = FoundSet("Receipts", "Receipt", ("Number",), FIELDS)
JOURNAL = FoundSet(
    "Journal", "JournalEntry", (),
    {"postedDate": FoundField("postedDate", "Edm.String"), "State": FoundField("State", ENUM, "States")},
)  # fmt: skip
MEMBERS = {"Kinds": {"Sale": 2, "Return": 3}, "States": {"Posted": 220}}
AS_USED = Environment({"Receipts": RECEIPTS, "Journal": JOURNAL}, MEMBERS)


def environment(*, members: dict[str, dict[str, int]] | None = None, **sets: FoundSet | None) -> Environment:
    changed = {**AS_USED.sets, **sets}
    kept = {name: one for name, one in changed.items() if one is not None}
    return Environment(kept, MEMBERS if members is None else members)


def receipts_with(**fields: FoundField | None) -> FoundSet:
    changed: dict[str, FoundField | None] = {**FIELDS, **fields}
    return replace(RECEIPTS, fields={name: one for name, one in changed.items() if one is not None})


def test_an_environment_as_it_is_used_has_no_mismatch() -> None:
    assert compare(USED, AS_USED) == ()
    assert unknown_sets(USED, AS_USED) == ()


@pytest.mark.parametrize(
    ("there", "mismatch"),
    [
        (environment(Receipts=None), Mismatch("Receipts", "a set of this name", "no such set", blocks=True)),
        (
            environment(Receipts=receipts_with(Amount=None, amount=FoundField("amount", "Edm.Decimal"))),
            Mismatch("Receipts.Amount", "a field of this name", "no such field; the nearest is amount", blocks=True),
        ),
        (
            environment(Receipts=receipts_with(Amount=None)),
            Mismatch("Receipts.Amount", "a field of this name", "no such field", blocks=True),
        ),
        (
            environment(Receipts=receipts_with(Amount=FoundField("Amount", "Edm.Double"))),
            Mismatch("Receipts.Amount", "type Edm.Decimal", "type Edm.Double", blocks=True),
        ),
        (
            environment(Receipts=receipts_with(Kind=FoundField("Kind", ENUM, "OtherKinds"))),
            Mismatch("Receipts.Kind", "type Kinds", "type OtherKinds", blocks=True),
        ),
        (
            environment(Receipts=receipts_with(Number=FoundField("Number", "Edm.String", length_max=20))),
            Mismatch("Receipts.Number", "length 44", "length 20", blocks=True),
        ),
        (
            environment(Receipts=replace(RECEIPTS, keys=("Number", "Company"))),
            Mismatch("Receipts key", "Number", "Company, Number", blocks=True),
        ),
        (
            environment(Receipts=replace(RECEIPTS, is_read_only=True)),
            Mismatch("Receipts", "may be written", "read-only", blocks=True),
        ),
        (
            environment(Receipts=receipts_with(Amount=FoundField("Amount", "Edm.Decimal", may_be_written=False))),
            Mismatch("Receipts.Amount", "may be written", "read-only", blocks=True),
        ),
        (
            environment(Receipts=receipts_with(Reason=FoundField("Reason", "Edm.String", is_mandatory=True))),
            Mismatch("Receipts.Reason", "not mandatory: it is not sent", "mandatory", blocks=True),
        ),
        (
            environment(members={"Kinds": {"Sold": 2}, "States": {"Posted": 220}}),
            Mismatch("Kinds.Sale", "a member of this name, 2", "no such member", blocks=True),
        ),
        (
            environment(members={"Kinds": {"Sale": 3}, "States": {"Posted": 220}}),
            Mismatch("Kinds.Sale", "number 2", "number 3", blocks=True),
        ),
        (
            environment(members={"States": {"Posted": 220}}),
            Mismatch("Kinds", "an enumeration of this name", "no such enumeration", blocks=True),
        ),
        (
            environment(Journal=replace(JOURNAL, fields={"State": JOURNAL.fields["State"]})),
            Mismatch("Journal.postedDate", "a field of this name", "no such field", blocks=False),
        ),
        (
            environment(members={"Kinds": {"Sale": 2}, "States": {"Posted": 230}}),
            Mismatch("States.Posted", "number 220", "number 230", blocks=False),
        ),
    ],
    ids=lambda one: f"{one.where} {one.found}" if isinstance(one, Mismatch) else "",
)  # fmt: skip
def test_each_kind_of_difference_is_named_with_what_was_expected_and_found(
    there: Environment, mismatch: Mismatch
) -> None:
    assert compare(USED, there) == (mismatch,)


def test_what_is_longer_or_does_not_say_its_length_is_no_mismatch() -> None:
    for length in (0, 44, 60):
        number = FoundField("Number", "Edm.String", length_max=length, is_mandatory=True)
        assert compare(USED, environment(Receipts=receipts_with(Number=number))) == ()


def test_a_set_that_only_gives_evidence_is_unknown_when_it_is_absent_and_no_mismatch() -> None:
    assert compare(USED, environment(Journal=None)) == ()
    assert unknown_sets(USED, environment(Journal=None)) == ("Journal",)


def test_what_blocks_comes_first() -> None:
    there = environment(Receipts=None, Journal=replace(JOURNAL, fields={}))
    assert [one.blocks for one in compare(USED, there)] == [True, False, False]


def test_another_use_of_d365_is_another_contract() -> None:
    assert USED.version == replace(USED).version
    assert USED.version != replace(USED, members={}).version
    assert USED.version != CONTRACT.version


def test_all_that_is_written_and_the_headers_read_back_are_needed_and_nothing_else() -> None:
    assert {one.odata_set for one in CONTRACT.sets if one.is_needed} == {
        "RetailTransactions", "RetailTransactionSalesLinesV2", "RetailTransactionPaymentLinesV2",
        "RetailTransactionTaxLines", "RetailTransactionDiscountLines", "RetailTransactionIncomeExpenseLines",
        "RetailPosBatches",
    }  # fmt: skip


def test_what_only_the_rest_metadata_says_is_added_and_nonsense_in_it_is_ignored() -> None:
    answer = {
        "IsReadOnly": False,
        "Properties": [
            {"Name": "Amount", "IsMandatory": True, "AllowEditOnCreate": False}, {"Name": "Other"}, "nonsense",
        ],
    }  # fmt: skip
    found = with_public(RECEIPTS, answer)
    assert (found.fields["Amount"].is_mandatory, found.fields["Amount"].may_be_written) == (True, False)
    assert not found.is_read_only
    assert with_public(RECEIPTS, {"IsReadOnly": True, "Properties": None}).is_read_only


def test_metadata_is_asked_only_for_written_sets_that_are_not_annotated() -> None:
    assert unannotated_sets(USED, AS_USED) == (RECEIPTS,)
    assert unannotated_sets(USED, environment(Receipts=replace(RECEIPTS, is_annotated=True))) == ()
    assert unannotated_sets(USED, environment(Receipts=None)) == ()


HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
    '<edmx:DataServices><Schema Namespace="Microsoft.Dynamics.DataEntities" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
)
TAIL = "</Schema></edmx:DataServices></edmx:Edmx>"
TYPE = (
    '<EntityType Name="Receipt"><Key><PropertyRef Name="Number"/></Key>'
    '<Property Name="Number" Type="Edm.String" MaxLength="44" Nullable="false"/>'
    '<Property Name="Amount" Type="Edm.Decimal" Nullable="false"/>'
    '<Property Name="Kind" Type="Microsoft.Dynamics.DataEntities.Kinds"/>'
    '<NavigationProperty Name="Lines" Type="Collection(Microsoft.Dynamics.DataEntities.Line)"/></EntityType>'
)
ENUMS = '<EnumType Name="Kinds"><Member Name="Sale" Value="2"/><Member Name="Return" Value="3"/></EnumType>'
SETS = (
    '<EntityContainer Name="Resources"><EntitySet Name="Receipts" EntityType="Microsoft.Dynamics.DataEntities.Receipt"/>'
    "</EntityContainer>"
)


def test_a_set_is_read_with_its_type_key_lengths_and_enumerations() -> None:
    found = environment_of((HEAD + TYPE + ENUMS + SETS + TAIL).encode(), {"Receipts", "Absent"}, {"Kinds"})
    assert found == Environment({"Receipts": RECEIPTS}, {"Kinds": {"Sale": 2, "Return": 3}})


NOTE = '<Annotation Term="Microsoft.Dynamics.OData.Core.V1.{}" Bool="{}"/>'


def annotated(**notes: str) -> FoundSet:
    """Read the type with annotations on its amount."""
    amount = '<Property Name="Amount" Type="Edm.Decimal" Nullable="false"/>'
    inside = "".join(NOTE.format(term, value) for term, value in notes.items())
    text = HEAD + TYPE.replace(amount, amount.replace("/>", f">{inside}</Property>")) + ENUMS + SETS + TAIL
    return environment_of(text.encode(), {"Receipts"}, set()).sets["Receipts"]


def test_annotations_say_what_must_and_may_be_written() -> None:
    required, barred = annotated(IsRequired="true"), annotated(AllowEditOnCreate="false", AllowEdit="false")
    assert required.is_annotated
    assert (required.fields["Amount"].is_mandatory, required.fields["Amount"].may_be_written) == (True, True)
    assert (barred.fields["Amount"].is_mandatory, barred.fields["Amount"].may_be_written) == (False, False)
    assert not barred.is_read_only
    assert not annotated().is_annotated


def test_a_set_of_which_no_field_may_be_written_is_read_only() -> None:
    text = HEAD + TYPE + ENUMS + SETS + TAIL
    barred = NOTE.format("AllowEditOnCreate", "false")
    for kind in (
        'MaxLength="44" Nullable="false"/>',
        'Edm.Decimal" Nullable="false"/>',
        'DataEntities.Kinds"/>',
    ):
        text = text.replace(kind, f"{kind[:-2]}>{barred}</Property>")
    assert environment_of(text.encode(), {"Receipts"}, set()).sets["Receipts"].is_read_only


def test_a_number_that_is_never_null_is_not_mandatory_but_a_text_is() -> None:
    text = HEAD + TYPE.replace(
        '"Kind" Type', '"Note" Type="Edm.String" Nullable="false"/><Property Name="Kind" Type'
    )
    fields = (
        environment_of((text + ENUMS + SETS + TAIL).encode(), {"Receipts"}, set()).sets["Receipts"].fields
    )
    assert not fields["Amount"].is_mandatory
    assert fields["Note"].is_mandatory


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not XML",
        HEAD + TYPE + ENUMS,
        HEAD + TAIL,
        '<!DOCTYPE x [<!ENTITY a "b">]>' + HEAD + TYPE + SETS + TAIL,
    ],
    ids=["empty", "no XML", "cut short", "no set", "with a DTD"],
)
def test_metadata_that_cannot_be_read_is_asked_for_again(text: str) -> None:
    with pytest.raises(RetryableError, match="metadata"):
        environment_of(text.encode(), {"Receipts"}, {"Kinds"})


def test_ten_thousand_other_types_are_passed_over() -> None:
    other = '<EntityType Name="T{0}"><Key><PropertyRef Name="A"/></Key><Property Name="A" Type="Edm.String"/></EntityType>'
    text = HEAD + "".join(other.format(number) for number in range(10_000)) + TYPE + ENUMS + SETS + TAIL
    assert set(environment_of(text.encode(), {"Receipts"}, {"Kinds"}).sets) == {"Receipts"}
