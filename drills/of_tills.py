"""Drills about stores and their tills: drawers, numbers that are missing, refunds, silence, and receipts that contradict."""

from __future__ import annotations

from datetime import timedelta

from drills.drill import Drill, not_yet, still_open
from drills.scene import Scene
from drills.shop import OPENS, at, closing, opening, refund, sale

GONE = ("sent", "validated", "posted")
NEXT_MORNING = OPENS + timedelta(hours=21)


async def _leave_the_drawer_open(scene: Scene) -> None:
    await scene.send(opening(1, "A", at(0)), sale(2, shift="A"), sale(3, shift="A"))
    await scene.until_cause("shift_not_closed")


async def _drawer_wrong(scene: Scene) -> list[str]:
    return await still_open(scene, "shift_not_closed")


async def _its_last_receipt(_: Scene) -> dict[str, str]:
    return {"SHIFT": "A", "AT": at(1, 3)}


OPEN_DRAWER = Drill(
    "open-drawer", "shift_not_closed",
    "You are store operations. It is the morning after. At shop 100, till 1, somebody went home last night without closing the "
    "drawer (shift A). The store has opened again, and nobody there can close yesterday's drawer any more.",
    _leave_the_drawer_open, _drawer_wrong, frozenset({1, 3, 4}), knows=_its_last_receipt, begins=NEXT_MORNING,
)  # fmt: skip


async def _open_two_drawers(scene: Scene) -> None:
    await scene.send(
        opening(1, "A", at(0)), sale(2, shift="A"), opening(3, "B", at(2)),
        sale(4, shift="A", completed_at=at(2, 10)), sale(5, shift="B", completed_at=at(2, 20)),
        closing(6, "A", at(0), at(2, 30), 2, 2, 4),
    )  # fmt: skip
    await scene.until_cause("shift_overlap")


async def _drawers_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "shift_overlap"), *await not_yet(scene, GONE, "1-2", "1-4", "1-5")]


async def _the_handover(_: Scene) -> dict[str, str]:
    return {"SHIFT": "A", "AT": at(2)}


TWO_DRAWERS = Drill(
    "two-drawers", "shift_overlap",
    "You are store operations. At shop 100, till 1, the late shift (B) opened its drawer at eleven, while the early shift (A) "
    "rang up one more customer. The store says that the drawer was handed over when B was opened. A receipt waits.",
    _open_two_drawers, _drawers_wrong, frozenset({1, 2, 3}), knows=_the_handover, begins=OPENS + timedelta(hours=3),
)  # fmt: skip


async def _lose_two(scene: Scene) -> None:
    sales = [sale(number, shift="A") for number in (2, 5)]
    await scene.send(opening(1, "A", at(0)), *sales, closing(6, "A", at(0), at(9), 4, 2, 5))
    await scene.until_cause("receipts_missing")


async def _send_one_again(scene: Scene) -> None:
    await scene.send(sale(3, shift="A"))

    async def one_is_left() -> bool:
        task = await scene.cause("receipts_missing")
        held = task["members"] if task else []
        return [one["sequence_number"] for one in held if one["state"] == "open"] == [4]

    await scene.until("number 3 has arrived", one_is_left)


async def _two_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "receipts_missing"), *await not_yet(scene, GONE, "1-3")]


async def _it_is_lost(_: Scene) -> dict[str, str]:
    return {"DECISION": "lost"}


MISSING_RECEIPTS = Drill(
    "missing-receipts", "receipts_missing",
    "You are store operations. It is the morning after. Till 1 of shop 100 counted four sales yesterday, and two of them never "
    "arrived. The store can still find one of the two in the till's memory; the other it cannot find any more.",
    _lose_two, _two_wrong, frozenset({1, 2, 3, 4}), at_till=_send_one_again, knows=_it_is_lost, begins=NEXT_MORNING,
)  # fmt: skip


async def _refund_what_never_came(scene: Scene) -> None:
    await scene.send(sale(1), refund(3, "1-2"))
    await scene.until_cause("refund_before_sale")


async def _refund_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "refund_before_sale"), *await not_yet(scene, GONE, "1-3")]


async def _its_sale(scene: Scene) -> dict[str, str]:
    task = await scene.cause("refund_before_sale")
    store, _, sold = str(task["value"]).partition(" ") if task else ("", "", "")
    account = str(task["members"][0]["account"]) if task else ""
    return {"SALE_STORE": store, "SALE_ACCOUNT": account, "SALE_TRANSACTION_ID": sold}


REFUND_WITHOUT_SALE = Drill(
    "refund-without-sale", "refund_before_sale",
    "You are store operations. Shop 100 gave 10.89 back for a sale of last month, from before the tills were connected. The "
    "refund waits for a sale that will never come. The store has the customer's paper receipt, and the goods.",
    _refund_what_never_came, _refund_wrong, frozenset({1, 2, 4}), knows=_its_sale,
)  # fmt: skip


async def _fall_silent(scene: Scene) -> None:
    hours = "\n".join(f"100,{day},09:00,21:00,60," for day in ("monday", "tuesday"))
    await scene.put_list("calendars", f"store,day,opens,closes,silent_minutes,note\n{hours}\n")
    await scene.send(sale(1))
    await scene.until_cause("store_silent")


async def _silence_wrong(scene: Scene) -> list[str]:
    return [
        *await still_open(scene, "store_silent"),
        *await not_yet(scene, (*GONE, "mapped", "received"), "1-2"),
    ]


async def _line_is_up(scene: Scene) -> None:
    await scene.send(sale(2))


SILENT_STORE = Drill(
    "silent-store", "store_silent",
    "You are store operations. It is a Monday, shop 100 is open, and nothing has come from it for an hour. You call: the line "
    "was down, and the shop has just had it mended.",
    _fall_silent, _silence_wrong, frozenset({1, 2, 3}), at_till=_line_is_up, begins=OPENS + timedelta(hours=2),
)  # fmt: skip


async def _ring_one_number_twice(scene: Scene) -> None:
    await scene.send(sale(1))
    await scene.send(sale(1, lines=_three(), tenders=_dearer()))
    await scene.until_cause("content_conflict")


def _three() -> list[dict[str, object]]:
    (line,) = sale(1)["lines"]
    taxes = [line["taxes"][0] | {"base": "30.00", "amount": "2.66"}]
    return [line | {"quantity": "3", "gross": "30.00", "net": "30.00", "taxes": taxes}]


def _dearer() -> list[dict[str, object]]:
    return [sale(1)["tenders"][0] | {"amount": "32.66"}]


async def _versions_wrong(scene: Scene) -> list[str]:
    return await still_open(scene, "content_conflict")


TWO_VERSIONS = Drill(
    "two-versions", "content_conflict",
    "You are finance. Till 1 of shop 100 sent receipt 1-1 twice: first two pieces for 21.78, then three for 32.66. The store has "
    "looked at the paper: it was two pieces. The second was a test of the till's supplier.",
    _ring_one_number_twice, _versions_wrong, frozenset({1, 2, 5}),
)  # fmt: skip


async def _send_half_a_receipt(scene: Scene) -> None:
    await scene.send_bytes(b'{"transactions": [{"transaction_id": "1-1", "store": "100", "termi')
    await scene.until_cause("cannot_be_read")


async def _send_it_whole(scene: Scene) -> None:
    await scene.send(sale(1))


async def _half_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "cannot_be_read"), *await not_yet(scene, (*GONE, "mapped"), "1-1")]


async def _where_it_belongs(_: Scene) -> dict[str, str]:
    return {"STORE": "100", "BUSINESS_DAY": "2026-11-23"}


HALF_A_RECEIPT = Drill(
    "half-a-receipt", "cannot_be_read",
    "You are IT. Something came from the shops' tills that breaks off in the middle. The supplier says that a till lost its "
    "power while it sent, and that it can send the same again: one receipt of shop 100.",
    _send_half_a_receipt, _half_wrong, frozenset({1, 2, 3, 4}), at_till=_send_it_whole, knows=_where_it_belongs,
)  # fmt: skip

OF_TILLS = (
    OPEN_DRAWER, TWO_DRAWERS, MISSING_RECEIPTS, REFUND_WITHOUT_SALE, SILENT_STORE, TWO_VERSIONS, HALF_A_RECEIPT,
)  # fmt: skip
