"""Who is named for a role: the store's own row first, by day, several stores once each."""

from __future__ import annotations

from datetime import date

from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_cause
from shared.retail.mapping_rows import MappingRow, Mappings
from shared.retail.owners import People, people_of
from tests.unit.documents import paid_with
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_dated_mappings import put, send

DAY = date(2017, 12, 23)


def named(people: str, deputy: str = "", alerts_to: str = "") -> dict[str, str]:
    return {"people": people, "deputy": deputy, "alerts_to": alerts_to}


def test_a_stores_own_people_go_before_those_of_all_and_a_week_off_is_a_row() -> None:
    rows: dict[tuple[str, ...], tuple[MappingRow, ...]] = {
        ("owners", "finance", "*"): (MappingRow(named("A; B", "C", "finance@x.test"), 1),),
        ("owners", "finance", "S2"): (
            MappingRow(named("D"), 1),
            MappingRow(named("E"), 2, date(2017, 12, 25), date(2017, 12, 31)),
        ),
    }
    known = Mappings(2, rows)
    assert people_of(known, "finance", [], DAY) == People(("A", "B"), ("C",), ("finance@x.test",))
    assert people_of(known, "finance", ["S2", "S1", "S2"], DAY).people == ("A", "B", "D")
    assert people_of(known, "finance", ["S2"], date(2017, 12, 26)).people == ("E",)
    assert people_of(known, "finance", ["S2"], date(2018, 1, 1)).people == ("D",)
    assert people_of(known, "it", ["S2"], DAY) == People()


def test_a_cause_names_the_people_who_can_mend_it() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await put(services, "owners", "role,store,people,deputy\nfinance,S1,Ledger desk,Night desk\n")
        await send(services, paid_with("KLARNA", 1))
        await map_transactions(services, "map~S1~2017-12-23")
        (cause,) = await list_causes(services, "open", None)
        assert (cause["owner"], cause["people"], cause["deputies"]) == (
            "finance",
            ["Ledger desk"],
            ["Night desk"],
        )
        found = await read_cause(services, cause["fingerprint"])
        assert found is not None
        assert found["people"] == ["Ledger desk"]

    run(story())
