"""Reasons of returns: more came back than was sold, its sale is not here, what it should bring about is not seen."""

from __future__ import annotations

from shared.retail.reason import (
    D365_DATA,
    FINANCE,
    RETAIL_SYSTEMS,
    STORE_OPERATIONS,
    STORE_TIMING,
    SYSTEM,
    Reason,
)

OF_RETURNS = (
    Reason(
        "refund_above_sale", STORE_OPERATIONS, STORE_TIMING,
        "More would come back of receipt {value} than it sold: {problem}.",
        "It was refunded twice, in two stores perhaps, or the till gave back a wrong line, price or quantity.",
        "The refund is kept and not sent; those that came before it stand.",
        "Ask the store what was really brought back. If it was another sale's goods, have the till correct the refund; if the "
        "money is gone all the same, accept the return, and it goes as one without its receipt.",
    ),
    Reason(
        "refund_before_sale", STORE_OPERATIONS, STORE_TIMING,
        "A refund has waited since {since} for receipt {value}, which {problem}.",
        "The till that sold it was offline, the sale itself waits for a person, or it was sold before this app was there.",
        "The refund is not sent, so that D365 never takes back what it has not sold; it goes by itself when the sale is here.",
        "Have the sale sent again, or end what it waits for. If it will never come, accept the return, and it goes as one "
        "without its receipt.",
    ),
    Reason(
        "return_without_receipt", STORE_OPERATIONS, STORE_TIMING,
        "Goods came back to store {store} without a receipt, and for more than may: {problem}.",
        "The stores list sets a limit for what a store takes back without knowing its sale.",
        "The return is kept and not sent.",
        "Look for the sale; ask the store why it took the goods. If they stay, accept the return with your reason.",
    ),
    Reason(
        "return_place_missing", RETAIL_SYSTEMS, D365_DATA,
        "Store {store} has no warehouse for returned goods that are {problem}.",
        "The dispositions list sends such goods there, and the stores list does not say where that is.",
        "The returns are held, so that such goods never stand among those for sale.",
        "Give store {store} its quarantine or scrap warehouse in the stores list, then release.",
    ),
    Reason(
        "credit_not_confirmed", FINANCE, SYSTEM,
        "D365 has posted returns of store {store} for {day}, and shows no credit note for them since {since}.",
        "The invoices are not shown to this app, or the credit was not made.",
        "Nothing: the returns are posted; that their credit is in the ledger is not confirmed.",
        "Look the sales order up in D365 and check that its invoice credits the goods. It is asked about again by itself.",
    ),
)  # fmt: skip
