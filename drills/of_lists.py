"""Drills about the lists: a word of the tills that nobody has mapped, a shop or a payment method that is not set up."""

from __future__ import annotations

from drills.drill import Drill, not_yet, still_open
from drills.scene import Scene
from drills.shop import CARD, LATER, SETUP, STORES_HEADING, STORES_ROW, paid, sale
from scripts.runbook import Call

GONE = ("sent", "validated", "posted")


async def _sell_pay_later(scene: Scene) -> None:
    await scene.send(
        sale(1), sale(2, tenders=[paid("PAYLATER", "21.78")]), sale(3, tenders=[paid("PAYLATER", "21.78")])
    )
    await scene.until_cause("tender_unmapped")


async def _pay_later_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "tender_unmapped"), *await not_yet(scene, GONE, "1-1", "1-2", "1-3")]


async def _its_method(_: Scene) -> dict[str, str]:
    return {"PAYMENT_METHOD": LATER["PaymentMethodNumber"]}


NEW_PAYMENT = Drill(
    "new-payment", "tender_unmapped",
    "You are finance. Since this morning the shop takes a new way to pay, “PAYLATER”. Treasury has agreed account 110250; in "
    "D365 it is payment method 7 of the shop. Two receipts paid with it do not reach D365.",
    _sell_pay_later, _pay_later_wrong, frozenset({1, 2, 3, 4}), knows=_its_method,
)  # fmt: skip


async def _sell_by_card(scene: Scene) -> None:
    """The payment method was there when it was mapped; somebody has taken it away since."""
    await _add_cards(scene)
    await scene.put_list("tenders", "store,tender,payment_method\n*,CARD,2\n")
    key = [CARD[name] for name in ("dataAreaId", "RetailChannelId", "PaymentMethodNumber")]
    await scene.sim("setup", {"removed": [{"section": "tender_types", "key": key}]})
    await scene.done("it", Call("POST", "/api/reference"))
    await scene.send(sale(1), sale(2, tenders=[paid("CARD", "21.78")]))

    async def is_held() -> bool:
        return await scene.status("1-2") == "held"

    await scene.until("the receipt by card waits", is_held)


async def _card_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "d365_reference"), *await not_yet(scene, GONE, "1-1", "1-2")]


async def _add_cards(scene: Scene) -> None:
    await scene.sim("setup", {"tender_types": [CARD]})


MISSING_METHOD = Drill(
    "missing-method", "d365_reference",
    "You are finance. The shop takes cards. The tenders list names payment method 2 for them, as it always has, but since this "
    "morning a receipt paid by card waits. The D365 team can set up, with account 110180, what you tell them is missing.",
    _sell_by_card, _card_wrong, frozenset({1, 2, 3, 4}), in_d365=_add_cards,
)  # fmt: skip


async def _sell_in_a_new_shop(scene: Scene) -> None:
    await scene.send(sale(1), sale(1, store="200", transaction_id="2-1", receipt_number="200-1-0001"))
    await scene.until_cause("store_unknown")


async def _new_shop_wrong(scene: Scene) -> list[str]:
    return await still_open(scene, "store_unknown")


async def _open_the_shop(scene: Scene) -> None:
    (store,) = SETUP["stores"]
    other = store | {
        "StoreNumber": "200",
        "RetailChannelId": "200",
        "OperatingUnitNumber": "200",
        "WarehouseId": "W200",
    }
    tenders = [one | {"RetailChannelId": "200"} for one in SETUP["tender_types"]]
    await scene.sim(
        "setup",
        {
            "warehouses": [{"dataAreaId": "usrt", "WarehouseId": "W200", "OperationalSiteId": "EAST"}],
            "stores": [other],
            "terminals": [{"TerminalNumber": "200-1", "StoreNumber": "200"}],
            "tender_types": tenders,
        },
    )


async def _its_row(_: Scene) -> dict[str, str]:
    row = STORES_ROW.split(",")
    row[0] = row[2] = row[3] = row[4] = "200"
    row[5] = "W200"
    return {"STORES_HEADING": STORES_HEADING, "STORES_ROW": ",".join(row), "REGISTER": "200-1"}


NEW_SHOP = Drill(
    "new-shop", "store_unknown",
    "You are retail systems. A pop-up shop opened today under the name “200”, a day before anybody told you. It is in New York, "
    "sells from warehouse W200 of site EAST, and sends through the same source as shop 100; its one till is register 200-1. The "
    "D365 team will set it up when you ask.",
    _sell_in_a_new_shop, _new_shop_wrong, frozenset({1, 2, 3, 4, 5, 6}), in_d365=_open_the_shop, knows=_its_row,
)  # fmt: skip


async def _forget_the_warehouse(scene: Scene) -> None:
    await scene.put_list("stores", f"{STORES_HEADING}\n{STORES_ROW.replace(',W100,EAST,', ',,,')}\n")
    await scene.send(sale(1), sale(2))
    await scene.until_cause("warehouse_missing")


async def _warehouse_wrong(scene: Scene) -> list[str]:
    return [*await still_open(scene, "warehouse_missing"), *await not_yet(scene, GONE, "1-1", "1-2")]


async def _the_row(_: Scene) -> dict[str, str]:
    return {"STORES_HEADING": STORES_HEADING, "STORES_ROW": STORES_ROW}


NO_WAREHOUSE = Drill(
    "no-warehouse", "warehouse_missing",
    "You are retail systems. Shop 100 was set up in a hurry, and nothing it sells reaches D365. Its warehouse there is W100, of "
    "site EAST.",
    _forget_the_warehouse, _warehouse_wrong, frozenset({1, 2, 3, 4, 5}), knows=_the_row,
)  # fmt: skip

OF_LISTS = (NEW_PAYMENT, MISSING_METHOD, NEW_SHOP, NO_WAREHOUSE)
