"""Fields of charges and cash (written by data package) and of the evidence that posting leaves behind (read).

Charges: RetailTransactionMarkupLineEntity; set, key and types from the same 2025 `$metadata` as D365 facts §2's META
(RetailTransactionMarkupLines; India's fields are left out). Banked and safe tender: CDM names, no public set was seen.
The sets whose fields the facts do not list (vouchers, statement lines, posting errors, transactions, invoices, payment
journals) carry that metadata's names as far as the simulator fills them. Ledger lines carry those of
GeneralJournalAccountEntryEntity in the common data model.
"""

from __future__ import annotations

CHARGE = """
    Decimal = SalesLineNumber LineNumber CalculatedAmount MarkupValue TaxAmount TaxAmountExclusive TaxAmountInclusive
        TaxExemptPriceInclusiveOriginalPrice TaxExemptPriceInclusiveReductionAmount
    Int64 = MarkupAutoTableRecId
    NoYes = Keep IsOverriddenLine
    MarkupCategory = MarkupCategoryType
    String = MarkupCode SalesTaxGroup ItemTaxGroup OperatingUnitNumber
    String:3 = CurrencyCode
    String:4 = dataAreaId
    String:10 = Store Terminal
    String:44 = TransactionNumber
"""
_CASH = """
    DateTimeOffset = BusinessDate TransactionDate ShiftDate
    Decimal = AmountCurrency AmountCurrencyPOS AmountMST AmountMSTPOS AmountTendered AmountTenderedPOS ExchangeRate
        ExchangeRateMST LineNumber Quantity
    Int32 = TransactionTime
    NoYes = ChangeLine
    RetailEntryStatus = TransactionStatus
    String = CardOrAccount
    String:3 = Currency
    String:4 = dataAreaId
    String:10 = CardTypeId Shift StoreNumber TenderType Terminal
    String:20 = StatementId
    String:25 = Staff StatementCode
    String:44 = TransactionNumber
"""
BANKED_TENDER = (
    _CASH
    + """
    String:20 = BankBagNumber
"""
)
SAFE_TENDER = _CASH
TENDER_DECLARATION = """
    DateTimeOffset = BusinessDate TransactionDate
    Decimal = LineNumber AmountInTransactionCurrency AmountInCompanyCurrency AmountInChannelCurrency
        CompanyCurrencyExchangeRate ForeignCurrencyExchangeRate
    Int32 = TransactionTime
    RetailEntryStatus = TransactionStatus
    String = dataAreaId OperatingUnitNumber StoreNumber RegisterNumber TransactionId TransactionCurrency StatementCode
        HeaderStoreNumber PaymentMethod ChannelCurrency StatementNumber OperatorId HeaderStatementNumber
"""
INVOICE = """
    DateTimeOffset = InvoiceDate
    Decimal = TotalInvoiceAmount InvoiceHeaderTaxAmount TotalTaxAmount TotalChargeAmount TotalDiscountAmount
    String = dataAreaId InvoiceNumber LedgerVoucher CurrencyCode InvoiceCustomerAccountNumber SalesOrderNumber
        CustomersOrderReference
"""
STATEMENT_VOUCHER = """
    DateTimeOffset = voucherDate
    Int64 = SourceKey
    String = dataAreaId statementId voucher
"""
LEDGER_LINE = """
    DateTimeOffset = AccountingDate
    Decimal = TransactionCurrencyAmount TransactionCurrencyDebitAmount TransactionCurrencyCreditAmount AccountingCurrencyAmount
    Int64 = GeneralJournalAccountEntryRecId
    NoYes = IsCredit
    String = DataArea Voucher LedgerAccount TransactionCurrencyCode Description
"""
STATEMENT_LINE = """
    DateTimeOffset = postedDate
    Decimal = lineNum transAmount transAmountStore transAmountInMST countedAmount countedAmountStore countedAmountMST
        differenceAmount differenceAmountStore differenceAmountMST addedToDrawer removedFromDrawer changeTender bankedAmount
        bankedAmountStore bankedAmountMST safeAmount safeAmountStore safeAmountMST inDrawerAtEndOfDay
    Int64 = SourceKey
    String = dataAreaId statementId storeId terminalId staffId uniqueShiftId tenderTypeId cardTypeId currency
"""
POSTING_ERROR = """
    Int64 = SourceKey
    String = dataAreaId StatementId ErrorMessage ErrorMessageLocalized
"""
TRANSACTION = """
    DateTimeOffset = businessDate transDate validationDateTime beginDateTime
    Decimal = grossAmount netAmount paymentAmount discAmount incomeExpenseAmount numberOfItems numberOfItemLines
        salesPaymentDifference
    Int32 = numberOfPaymentLines transTime
    Int64 = BatchID SourceKey
    NoYes = saleIsReturnSale IsTaxIncludedInPrice wrongShift
    RetailEntryStatus = entryStatus
    RetailTransactionType = type
    RetailTransactionValidationStatus = ValidationStatus
    String = dataAreaId store terminal transactionId BatchTerminalId receiptId custAccount staff statementId currency
"""
PAYMENT_JOURNAL = """
    NoYes = IsPosted
    String = dataAreaId JournalBatchNumber JournalName Description
"""
PAYMENT_JOURNAL_LINE = """
    DateTimeOffset = TransactionDate
    Decimal = LineNumber CreditAmount DebitAmount
    String = dataAreaId JournalBatchNumber AccountDisplayValue OffsetAccountDisplayValue PaymentMethodName PaymentReference
        TransactionText Voucher
    String:3 = CurrencyCode
    String:20 = MarkedInvoice
"""
ON_HAND = """
    Decimal = OnHandQuantity ReservedOnHandQuantity AvailableOnHandQuantity TotalAvailableQuantity
    String:4 = dataAreaId
    String = ItemNumber ProductColorId ProductConfigurationId ProductSizeId ProductStyleId ProductVersionId
        InventorySiteId InventoryWarehouseId
"""
