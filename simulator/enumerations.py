"""D365's enumerations: members in order with their stored values.

Where D365 facts §2.1 know one member only, no other is accepted; the members of RetailTransactionValidationStatus are the
labels headquarters shows, and those of statement types and aggregation states are an assumption.
"""

from __future__ import annotations


def _counted(names: str) -> dict[str, int]:
    return {name: value for value, name in enumerate(names.split())}


ENUMERATIONS: dict[str, dict[str, int]] = {
    "NoYes": _counted("No Yes"),
    "RetailTransactionType": _counted(
        "Logoff Logon Sales Payment RemoveTender FloatEntry ChangeTender TenderDeclaration Voided OpenDrawer"
        " NegativeAdjustment PhysicalInventory EndOfDay EndOfShift SalesOrder SalesInvoice BankDrop SafeDrop"
        " IncomeExpense CustomerOrder StartingAmount SuspendShift BlindCloseShift CloseShift PrintX PrintZ"
        " ManagerAuthorize PendingSalesOrder KitDisassembly ResetPassword ChangePassword AsyncCustomerQuote"
    )
    | {
        "AsyncCustomerOrder": 33, "ForceDeleteShift": 34, "GiftCardInquiry": 35, "SuspendedTransaction": 36,
        "AsyncOrderCancellation": 37,
    },
    "RetailEntryStatus": _counted("None Voided Posted Concluded Cancelled OnHold Training"),
    "RetailPosBatchStatus": _counted("None Open Closed"),
    "RetailEodShiftValidationErrorCode": _counted("None Error Acknowledged"),
    "RetailItemTransactionCode": _counted("ItemOnFile ItemBarcodeNotOnFile ItemBlocked"),
    "RetailTenderFunction": _counted("Normal Card Check Customer TenderRemoveFloat Wallet"),
    "RetailEodTransactionPostingStatus": {
        "Started": 0, "Marked": 20, "Calculated": 40, "Checked": 60, "Aggregated": 80, "CustomerOrderCreated": 120,
        "CustomerOrderInvoiced": 140, "DiscountsPosted": 150, "IncomeExpensePosted": 160, "SalesVoucherLinked": 170,
        "PaymentsPosted": 180, "GiftCardPosted": 190, "FinancialReconciliationPosted": 200, "Posted": 220,
    },
    "RetailClosingStatus": _counted("None Closing Closed Completed Error"),
    "RetailClosingMethodType": _counted("DateTime PosBatch"),
    "RetailTransactionOrderStatusType": _counted("None Failed Succeeded"),
    "RetailTransactionValidationStatus": _counted("None Successful Error Failed"),
    "RetailEodTransactionAggregationHeaderPostingStatus": _counted("None SOCreated SOInvoiced SOCreateFailed"),
    "RetailStatementType": _counted("Financial Transactional"),
    "RetailStaffTerminalTotal": _counted("Staff PosTerminal Total Shift"),
    "RetailEodCodeVersion": _counted("None"),
    "RetailTransactionCode": _counted("None"),
    "TaxCalculationType": _counted("Regular"),
    "RetailTransactionOrderTypes": _counted("None SalesOrder"),
    "RetailIncomeExpense": _counted("Income Expense"),
    "RetailTenderVoidStatus": _counted("None Voided"),
    "RetailReturnTrackingStatusType": _counted("None"),
    "RetailInventStatusSales": _counted("None"),
    "RetailCustomerDiscountType": _counted("None"),
    "RetailDiscountOriginType": _counted("None"),
    "RetailManualDiscountType": _counted("None"),
    "MarkupCategory": _counted("Fixed"),
    "EcoResProductSubtype": _counted("Product ProductMaster ProductVariant"),
    "FiscalPeriodStatus": _counted("OnHold Open Closed"),
    "RetailLedgerBank": _counted("Ledger Bank"),
    "RetailAuthorizationTypes": _counted("None"),
    "RetailNoneNearestUpDown": _counted("None"),
}  # fmt: skip
STATEMENT_STATES = tuple(ENUMERATIONS["RetailEodTransactionPostingStatus"])
