"""Drills about D365: it does not answer, something was changed in it, a period is closed, a field is no longer there."""

from __future__ import annotations

from demo.chain import ACCOUNT
from drills.drill import Drill, not_yet, still_open
from drills.scene import Scene
from drills.shop import OPEN_SINCE_OCTOBER, sale

GONE = ("sent", "validated", "posted")


async def _fall_silent(scene: Scene) -> None:
    await scene.sim("faults", {"kind": "silent"})
    await scene.send(sale(1), sale(2))
    await scene.until_cause("d365_silent")


async def _silence_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "d365_silent"), *await not_yet(scene, GONE, "1-1", "1-2")]


async def _answer_again(scene: Scene) -> None:
    await scene.sim("faults", method="DELETE")


D365_DOWN = Drill(
    "d365-down", "d365_silent",
    "You are IT. Since a few minutes D365 answers nothing at all; shop 100 goes on selling. The D365 team finds that its "
    "environment was stopped for maintenance and starts it again when you ask.",
    _fall_silent, _silence_wrong, frozenset({1, 2, 3, 4}), in_d365=_answer_again,
)  # fmt: skip


async def _change(scene: Scene, value: str) -> None:
    sent = await scene.read(f"/api/transactions/100/{ACCOUNT}/1-1")
    key = {
        "dataAreaId": "usrt",
        "OperatingUnitNumber": "100",
        "Terminal": "100-1",
        "TransactionNumber": sent["d365_number"],
    }
    await scene.sim("people/edit", {**key, "changes": {"PaymentAmount": value}})


async def _be_changed(scene: Scene) -> None:
    await scene.send(sale(1), sale(2))
    await scene.until_status("sent", "1-1", "1-2")
    await _change(scene, "12.78")
    await scene.until_cause("changed_in_d365")


async def _undo(scene: Scene) -> None:
    await _change(scene, "21.78")


async def _change_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "changed_in_d365"), *await not_yet(scene, GONE, "1-1", "1-2")]


CHANGED = Drill(
    "changed-in-d365", "changed_in_d365",
    "You are finance. A receipt of shop 100 reads 12.78 in D365, and the till took 21.78. A colleague admits that they mistyped "
    "while correcting another one, and can undo it.",
    _be_changed, _change_wrong, frozenset({1, 2, 3}), in_d365=_undo, jobs=False,
)  # fmt: skip


async def _come_late(scene: Scene) -> None:
    late = sale(
        1, completed_at="2026-10-31T16:00:00-04:00", business_day="2026-10-31", receipt_number="100-1-9001"
    )
    await scene.send(late, sale(2))
    await scene.until_cause("d365_rule")


async def _open_october(scene: Scene) -> None:
    await scene.sim("setup", {"legal_entities": [OPEN_SINCE_OCTOBER]})


async def _late_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "d365_rule"), *await not_yet(scene, GONE, "1-1", "1-2")]


CLOSED_PERIOD = Drill(
    "closed-period", "d365_rule",
    "You are finance. A till of shop 100 was offline over the end of October and has just sent a receipt of the 31st. October is "
    "closed in D365. The controller agrees to open it for Commerce once more, for this receipt.",
    _come_late, _late_wrong, frozenset({1, 2, 3, 4}), in_d365=_open_october,
)  # fmt: skip


async def _be_updated(scene: Scene) -> None:
    await scene.sim(
        "contract",
        {"rename_fields": [{"set": "RetailTransactions", "field": "RreceiptId", "to": "ReceiptId"}]},
    )
    await scene.send(sale(1))
    await scene.until_cause("d365_contract_mismatch")


async def _put_back(scene: Scene) -> None:
    await scene.sim("contract", method="DELETE")


async def _update_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "d365_contract_mismatch"), *await not_yet(scene, GONE, "1-1")]


UPDATED = Drill(
    "renamed-field", "d365_contract_mismatch",
    "You are IT. Last night D365 was updated, and since then no receipt reaches it, although it answers. The D365 team has an "
    "extension that renames a field, and can take it off.",
    _be_updated, _update_wrong, frozenset({1, 2, 3, 4}), in_d365=_put_back,
)  # fmt: skip

OF_D365 = (D365_DOWN, CHANGED, CLOSED_PERIOD, UPDATED)
