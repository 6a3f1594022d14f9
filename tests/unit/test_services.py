"""Storage belongs to one D365 environment at one address: another of either refuses to start; a move is said on purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest
from azure.identity.aio import ManagedIdentityCredential

from shared.errors import SettingsError
from shared.services import _credential, refuse_other_environment
from shared.settings import D365Settings
from shared.storage.memory import memory_tables
from shared.storage.protocols import Row
from shared.storage.tables import Tables
from tests.unit.flow_services import Hand, run

OLD, NEW = "https://old.operations.dynamics.com", "https://new.operations.dynamics.com"
D365 = D365Settings(OLD, "env-1", "tenant", "", "", "https://login.microsoftonline.com", "Tillpost", "")


async def kept(tables: Tables) -> Row:
    row = await tables.packages.read("environment", "environment")
    assert row is not None
    return row


def started(*starts: D365Settings) -> Row:
    """Start the app on one storage, time after time; give what storage says then."""

    async def story() -> Row:
        hand = Hand()
        tables = memory_tables(hand)
        for one in starts:
            await refuse_other_environment(tables, one, hand())
        return await kept(tables)

    return run(story())


def test_the_same_environment_at_the_same_address_starts_however_it_is_written() -> None:
    row = started(D365, D365, replace(D365, url="https://OLD.operations.dynamics.com/"))
    assert (row.text("D365EnvironmentId"), row.text("D365Url")) == ("env-1", OLD)


def test_another_environment_is_refused_and_both_are_named() -> None:
    with pytest.raises(SettingsError, match=r"'env-1'.*'env-2'"):
        started(D365, replace(D365, environment_id="env-2"))


def test_another_address_is_refused_and_both_are_named() -> None:
    with pytest.raises(SettingsError, match=rf"{OLD}.*{NEW}.*D365_MOVED_FROM"):
        started(D365, replace(D365, url=NEW))


def test_a_move_that_is_said_on_purpose_is_kept_and_then_the_old_address_is_refused() -> None:
    moved = replace(D365, url=NEW, moved_from=OLD + "/")
    row = started(D365, moved, moved, replace(D365, url=NEW))
    assert (row.text("D365Url"), row.text("MovedFrom")) == (NEW, OLD)
    assert row.instant("MovedAt") == Hand()()
    with pytest.raises(SettingsError, match=rf"{NEW}.*{OLD}"):
        started(D365, moved, D365)


def test_a_move_from_somewhere_else_moves_nothing() -> None:
    with pytest.raises(SettingsError, match="begun with D365 at"):
        started(D365, replace(D365, url=NEW, moved_from="https://third.operations.dynamics.com"))


def test_another_id_is_refused_even_where_the_address_was_moved() -> None:
    with pytest.raises(SettingsError, match="'env-2'"):
        started(D365, replace(D365, url=NEW, moved_from=OLD, environment_id="env-2"))


def test_storage_from_before_addresses_were_kept_takes_the_first_it_sees() -> None:
    async def story() -> Row:
        hand = Hand()
        tables = memory_tables(hand)
        await tables.packages.insert(Row("environment", "environment", values={"D365EnvironmentId": "env-1"}))
        await refuse_other_environment(tables, D365, hand())
        return await kept(tables)

    row = run(story())
    assert row.text("D365Url") == OLD
    assert "MovedFrom" not in row.values


def test_without_a_secret_the_app_signs_in_with_its_own_identity() -> None:
    assert isinstance(_credential(D365, "its-client-id"), ManagedIdentityCredential)
