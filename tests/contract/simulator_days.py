"""Random trading days for the simulated headquarters: receipts as rows, and what they must come to, kept apart in pennies.

The totals are added up here from the random figures themselves, never from the rows and never with the simulator's code.
Store 367 prices without tax, 368 with it. All amounts here are ints of pennies in the store's view: sold +, returned -.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.contract.simulator_receipts import (
    BANKED,
    CHARGES,
    DISCOUNTS,
    HEADERS,
    INCOME_EXPENSES,
    LINES,
    PAYMENTS,
    SAFE,
    SETUP,
    SHIFTS,
    TAXES,
    Receipt,
    shift,
)

STORES = ("367", "368")
CASH_ACCOUNTS = {
    "DifferenceAccLedgerDimensionDisplayValue": "619100", "BankBagLedgerDimensionDisplayValue": "110150",
    "SafeAccLedgerDimensionDisplayValue": "110160", "TenderFlowLedgerDimensionDisplayValue": "110170",
}  # fmt: skip
RATES = {"A": 20, "B": 5, "GIFT": 0}
Line = tuple[str, int, int, int, int, int]


def days_setup() -> dict[str, Any]:
    """Two stores with two tills each, two rates of tax, cash and card, an income and an expense account."""
    first = SETUP["stores"][0]
    second = {
        **first, "StoreNumber": "368", "RetailChannelId": "CH368", "OperatingUnitNumber": "OU368", "WarehouseId": "W368",
        "PriceIncludesSalesTax": "Yes",
    }  # fmt: skip
    limits = dict.fromkeys(
        ("MaximumPostingDifference", "MaxShiftDifferenceAmount", "MaxTransactionDifferenceAmount"), "1000"
    )
    first, second = first | limits, second | limits
    tenders = [
        {**row, **CASH_ACCOUNTS, "RetailChannelId": f"CH{store}"}
        for store in STORES
        for row in SETUP["tender_types"][:2]
    ]
    items = [
        {
            "dataAreaId": "usrt",
            "ItemNumber": name,
            "SalesUnitSymbol": "ea",
            "Stocked": "No" if name == "GIFT" else "Yes",
        }
        for name in RATES
    ]
    return {
        **SETUP,
        "stores": [first, second],
        "warehouses": [
            {"dataAreaId": "usrt", "WarehouseId": f"W{store}", "OperationalSiteId": "EAST"}
            for store in STORES
        ],
        "terminals": [
            {"TerminalNumber": f"{store}-{till}", "StoreNumber": store} for store in STORES for till in (1, 2)
        ],
        "tax_codes": [
            {"dataAreaId": "usrt", "TaxCodeId": f"V{rate}", "Value": str(rate)} for rate in (20, 5)
        ],
        "tax_groups": [{"dataAreaId": "usrt", "TaxGroupCode": "STORE", "codes": ["V20", "V5"]}],
        "tax_item_groups": [
            {"dataAreaId": "usrt", "TaxItemGroupCode": name, "codes": [f"V{RATES[name]}"]}
            for name in ("A", "B")
        ],
        "tender_types": tenders,
        "items": items,
        "income_expense_accounts": [
            {"dataAreaId": "usrt", "AccountNumber": "618900", "AccountType": "Expense"},
            {"dataAreaId": "usrt", "AccountNumber": "408900", "AccountType": "Income"},
        ],
    }


@dataclass(slots=True)
class Expected:
    """What the days must come to, in pennies and pieces, the store's view."""

    revenue: Counter[str] = field(default_factory=Counter)
    tax: Counter[str] = field(default_factory=Counter)
    gift_cards: int = 0
    charges: int = 0
    income_expense: Counter[str] = field(default_factory=Counter)
    payments: Counter[str] = field(default_factory=Counter)
    rounding: int = 0
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_shift: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    discounts: int = 0
    cash: Counter[str] = field(default_factory=Counter)


def money(pennies: int) -> str:
    """Write pennies as an amount."""
    sign, whole = ("-" if pennies < 0 else ""), abs(pennies)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


class Days:
    """Receipts drawn by chance. sold: (store, till, receipt, line, item, pieces left) that may still come back."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.expected = Expected()
        self.receipts: list[Receipt] = []
        self._sold: list[list[Any]] = []
        self._tills: Counter[str] = Counter()

    def draw(self) -> Receipt:
        """Draw the next receipt, and add what it must come to."""
        chance = self.chance
        store = chance.choice(STORES)
        till = f"{store}-{chance.choice((1, 2))}"
        self._tills[till] += 1
        number = f"{till}-{self._tills[till]}"
        if chance.random() < 0.15:
            return self._income_expense(store, till, number)
        kind = chance.choice(("sale", "sale", "sale", "return", "exchange"))
        receipt = _blank(store, till, number, chance)
        for number_of_line in range(1, chance.randint(1, 3) + 1):
            back = kind == "return" or (kind == "exchange" and number_of_line == 1)
            self._line(receipt, store, number_of_line, back=back)
        gross = -_pennies(receipt[HEADERS][0]["GrossAmount"])
        if kind == "sale" and chance.random() < 0.3:
            charge = chance.randint(1, 900)
            _charge(receipt, charge)
            self.expected.charges += charge
            gross += charge
        self._pay(receipt, store, gross)
        _count(receipt)
        self.receipts.append(receipt)
        return receipt

    def shifts(self) -> dict[str, list[dict[str, Any]]]:
        """Give both shifts of every till, closed."""
        rows = []
        for store in STORES:
            for till in (1, 2):
                place = {
                    "Terminal": f"{store}-{till}",
                    "StoreNumber": store,
                    "OperationUnitNumber": f"OU{store}",
                }
                rows += [shift(1, "08:00", "12:00", **place), shift(2, "12:00", "20:00", **place)]
        return {SHIFTS: rows}

    def cash_of_shifts(self) -> tuple[list[Receipt], list[tuple[str, str, int, int]]]:
        """Draw floats, removals and drops for some shifts, and counts: (store, till, shift, pennies counted in cash)."""
        rows, counts, chance = [], [], self.chance
        for store, till, number in (
            (store, f"{store}-{till}", no) for store in STORES for till in (1, 2) for no in (1, 2)
        ):
            kinds = ("StartingAmount", "FloatEntry", "RemoveTender", "BankDrop", "SafeDrop")
            amounts = {kind: chance.choice((0, chance.randint(1, 9_999))) for kind in kinds}
            for kind, amount in amounts.items():
                if amount:
                    rows.append(_cash(store, till, number, kind, amount))
            flow = amounts["StartingAmount"] + amounts["FloatEntry"] - amounts["RemoveTender"]
            there = flow - amounts["BankDrop"] - amounts["SafeDrop"]
            over = chance.choice((0, 0, chance.randint(-300, 300)))
            counts.append(
                (store, till, number, self.expected.by_shift[store, f"{till}:{number}", "1"] + there + over)
            )
            self.expected.cash["110150"] += amounts["BankDrop"]
            self.expected.cash["110160"] += amounts["SafeDrop"]
            self.expected.cash["110170"] -= flow
            self.expected.cash["619100"] -= over
            self.expected.cash["110110"] += there + over
        return rows, counts

    def _line(self, receipt: Receipt, store: str, number: int, *, back: bool) -> None:
        """Add a sales line. d365: the sign D365 has, - for a sale."""
        chance, header = self.chance, receipt[HEADERS][0]
        pieces, link = chance.randint(1, 3), {}
        item = chance.choice(("A", "B")) if back else chance.choice(("A", "A", "B", "GIFT"))
        open_lines = [one for one in self._sold if one[-1]]
        if back and open_lines and chance.random() < 0.7:
            sold = chance.choice(open_lines)
            item, pieces = sold[4], chance.randint(1, sold[-1])
            sold[-1] -= pieces
            link = {
                "ReturnOperatingUnitNumber": f"OU{sold[0]}", "ReturnTerminal": sold[1], "ReturnTransactionNumber": sold[2],
                "ReturnLineNumber": str(sold[3]), "ReturnQuantity": str(pieces),
            }  # fmt: skip
        price = chance.randint(1, 5_000)
        discount = 0 if item == "GIFT" else chance.choice((0, 0, chance.randint(0, price * pieces // 2)))
        amount = pieces * price - discount
        included = store == "368"
        tax = amount * RATES[item] // (100 + RATES[item]) if included else amount * RATES[item] // 100
        net = amount - tax if included else amount
        d365 = 1 if back else -1
        self._expect(store, item, -d365, (pieces, net, tax, discount))
        _put_line(
            receipt, number, (item, d365 * pieces, price, d365 * net, d365 * tax, -d365 * discount), link
        )
        if not back and item != "GIFT":
            self._sold.append([store, header["Terminal"], header["TransactionNumber"], number, item, pieces])

    def _expect(self, store: str, item: str, sign: int, figures: tuple[int, int, int, int]) -> None:
        pieces, net, tax, discount = figures
        self.expected.discounts += sign * discount
        if item == "GIFT":
            self.expected.gift_cards += sign * net
            return
        self.expected.revenue["sales" if sign > 0 else "returns"] += sign * net
        self.expected.tax[f"V{RATES[item]}"] += sign * tax
        self.expected.moved[f"W{store}", item] -= sign * pieces

    def _pay(self, receipt: Receipt, store: str, due: int) -> None:
        """Pay what is due: by card in part, the rest in cash, rounded to five, with too much given and change."""
        chance, header = self.chance, receipt[HEADERS][0]
        card = chance.choice((0, due, due // 2))
        cash = due - card
        rounded = round(cash / 5) * 5 if chance.random() < 0.5 else cash
        over = chance.choice((0, 0, 500)) if rounded > 0 else 0
        tendered = [("3", card, "No"), ("1", rounded + over, "No"), ("1", -over, "Yes")]
        rows = [one for one in tendered if one[1]]
        for number, (tender, amount, change) in enumerate(rows, start=1):
            receipt[PAYMENTS].append(
                {
                    **_key(header), "Store": store, "LineNumber": str(number), "TenderType": tender,
                    "AmountTendered": money(amount), "IsChangeLine": change, "TransactionStatus": "None",
                }
            )  # fmt: skip
            self.expected.payments[tender] += amount
            shift_name = f"{header['BatchTerminalId']}:{header['BatchID']}"
            self.expected.by_shift[store, shift_name, tender] += amount
        header["PaymentAmount"] = money(card + rounded)
        self.expected.rounding += rounded - cash

    def _income_expense(self, store: str, till: str, number: str) -> Receipt:
        """Take money in for something (408900) or pay it out (618900), in cash."""
        receipt, amount = _blank(store, till, number, self.chance), self.chance.randint(1, 2_000)
        account, word, sign = self.chance.choice((("408900", "Income", 1), ("618900", "Expense", -1)))
        header = receipt[HEADERS][0]
        header |= {"TransactionType": "IncomeExpense", "IncomeExpenseAmount": money(-sign * amount)}
        receipt[INCOME_EXPENSES] = [
            {
                **_key(header), "LineNumber": "1", "AccountNumber": account, "AccountType": word,
                "Amount": money(-sign * amount), "StoreNumber": store,
            }
        ]  # fmt: skip
        self.expected.income_expense[account] += sign * amount
        self._pay(receipt, store, sign * amount)
        _count(receipt)
        self.receipts.append(receipt)
        return receipt


def _key(header: dict[str, Any]) -> dict[str, Any]:
    return {name: header[name] for name in ("OperatingUnitNumber", "Terminal", "TransactionNumber")}


def _blank(store: str, till: str, number: str, chance: Random) -> Receipt:
    day = chance.choice(("2017-12-23", "2017-12-24"))
    header = {
        "OperatingUnitNumber": f"OU{store}", "Terminal": till, "TransactionNumber": number, "TransactionType": "Sales",
        "TransactionStatus": "None", "businessDate": f"{day}T12:00:00Z", "TransactionDate": f"{day}T12:00:00Z",
        "Currency": "USD", "CustomerAccount": "C-WALKIN", "NetAmount": "0.00", "GrossAmount": "0.00", "DiscountAmount": "0.00",
        "IsTaxIncludedInPrice": "Yes" if store == "368" else "No", "BatchTerminalId": till, "BatchID": chance.choice(("1", "2")),
    }  # fmt: skip
    return {LINES: [], TAXES: [], DISCOUNTS: [], CHARGES: [], PAYMENTS: [], HEADERS: [header]}


def _put_line(receipt: Receipt, number: int, line: Line, link: dict[str, str]) -> None:
    """Write a line's rows. line: item, pieces, price, net, tax, discount, with D365's signs."""
    item, pieces, price, net, tax, discount = line
    header = receipt[HEADERS][0]
    key, group = _key(header), ("" if item == "GIFT" else item)
    receipt[LINES].append(
        {
            **key, "LineNumber": str(number), "ItemId": item, "Unit": "ea", "Quantity": str(pieces), "Price": money(price),
            "NetAmount": money(net), "SalesTaxAmount": money(tax), "NetAmountInclusiveTax": money(net + tax),
            "SalesTaxGroup": "STORE" if group else "", "ItemSalesTaxGroup": group, "TransactionStatus": "None",
            "Warehouse": f"W{key['Terminal'][:3]}", "GiftCard": "No" if group else "Yes", "LineDiscount": money(discount),
            "CashDiscountAmount": money(discount), **link,
        }
    )  # fmt: skip
    if group:
        receipt[TAXES].append(
            {
                **key, "SalesLineNumber": str(number), "TaxCode": f"V{RATES[item]}", "TaxAmount": money(tax),
                "IsTaxIncludedInPrice": header["IsTaxIncludedInPrice"],
            }
        )  # fmt: skip
    if discount:
        receipt[DISCOUNTS].append(
            {**key, "SalesLineNumber": str(number), "LineNumber": "1", "DiscountAmount": money(discount)}
        )
    for name, amount in (("NetAmount", net), ("GrossAmount", net + tax), ("DiscountAmount", discount)):
        header[name] = money(_pennies(header[name]) + amount)


def _cash(store: str, till: str, number: int, kind: str, amount: int) -> Receipt:
    """Write cash that comes or goes without a sale; it has no sign of its own but its kind's."""
    receipt = _blank(store, till, f"{till}-{number}-{kind}", Random(0))
    receipt[HEADERS][0] |= {"TransactionType": kind, "BatchID": str(number)}
    row = {"TenderType": "1", "LineNumber": "1", "AmountTendered": money(amount)}
    if kind in ("BankDrop", "SafeDrop"):
        place = {"StoreNumber": store, "Terminal": till, "TransactionNumber": f"{till}-{number}-{kind}"}
        receipt[BANKED if kind == "BankDrop" else SAFE] = [{**place, **row}]
    else:
        signed = money(-amount if kind == "RemoveTender" else amount)
        receipt[PAYMENTS] = [{**_key(receipt[HEADERS][0]), "Store": store, **row, "AmountTendered": signed}]
    return receipt


def _charge(receipt: Receipt, amount: int) -> None:
    header = receipt[HEADERS][0]
    receipt[CHARGES] = [
        {
            **_key(header), "SalesLineNumber": "0", "LineNumber": "1", "MarkupCode": "DELIVERY",
            "CalculatedAmount": money(-amount),
        }
    ]  # fmt: skip
    for name in ("NetAmount", "GrossAmount"):
        header[name] = money(_pennies(header[name]) - amount)


def _count(receipt: Receipt) -> None:
    receipt[HEADERS][0] |= {
        "NumberOfItems": str(sum(abs(int(row["Quantity"])) for row in receipt[LINES])),
        "NumberOfItemLines": str(len(receipt[LINES])),
        "NumberOfPaymentLines": str(len(receipt[PAYMENTS])),
        "SaleIsReturnSale": "Yes" if any(int(row["Quantity"]) > 0 for row in receipt[LINES]) else "No",
    }


def _pennies(amount: str) -> int:
    return int(amount.replace(".", ""))
