"""Fields of the sets that headquarters fills or a person keeps: results and reference data (D365 facts §2.2, §3.6)."""

AUDITABLE = """
    DateTimeOffset = LastValidationTime BusinessDate TransactionDate RequestedReceiptDate
        RequestedShipDate GiftCardActiveFrom GiftCardExpireDate QuotationExpiryDate
    Decimal = DiscountAmount NetPrice TotalManualDiscountPercentage PaymentAmount GiftCardBalance
        DiscountAmountExcludingTax NetAmount NumberOfProducts SalesPaymentDifference ExchangeRate
        SalesInvoiceAmount TotalDiscountAmount NumberOfProductLines CustomerDiscount
        IncomeExpenseAmount GrossAmount GiftCardIssueAmount TotalManualDiscountAmount
    Int32 = TimeWhenTransactionClosed NumberOfPaymentLines TransactionTime
    Int64 = OperatingUnitRecId Channel ShiftId
    NoYes = IsTaxIncludedInPrice SkipAggregation SaleIsReturnSale SaleOnAccount CreatedOffline
        IsTaxExemptedForPriceInclusive
    RetailEntryStatus = EntryStatus
    RetailTransactionCode = TransCode
    RetailTransactionOrderStatusType = AsynchronousOrderStatus
    RetailTransactionOrderTypes = TransactionOrderType
    RetailTransactionType = TransactionType
    RetailTransactionValidationStatus = ValidationStatus
    String = dataAreaId OperatingUnitNumber StoreNumber RegisterNumber TransactionId OperatorId
        ModeOfDelivery CustomerAccount ChannelReferenceId SalesOrder Comment Warehouse Site
        CreatedAtRegister Invoice ShiftRegisterId StatementNumber StatementCode Currency
        ReceiptNumber ReceiptEmail Description LoyaltyCardNumber
    TaxCalculationType = TaxCalculationType
"""
AGGREGATION = """
    Int64 = Aggregation
    RetailEodTransactionAggregationHeaderPostingStatus = AggregationStatus
    RetailEodTransactionPostingStatus = StatementStatus
    String = dataAreaId StatementId InvoiceId SalesId StoreNumber ErrorMessage
"""
STATEMENT_JOURNAL = """
    DateTimeOffset = calculatedDateTime postedDateTime postedDate postingDate statementDate
        shiftDate transFromDate transToDate CreatedOn
    Decimal = salesAmount taxAmount totalDiscAmount incomeAmount expensesAmount lineDiscAmount
    Int32 = CalculatedLines numberOfWrongShiftTransactions numberOfBlockedItems
        numberOfBlockedCustomers numberOfItemsBarcodesNotOnFile numberOfSalesPaymentDifferenceTrans
    Int64 = SourceKey
    RetailClosingMethodType = closingMethod
    RetailEodCodeVersion = EodCodeVersion
    RetailStaffTerminalTotal = statementMethod
    RetailStatementType = StatementType
    String = dataAreaId statementId storeId shiftId staffTerminal numberSequenceCode
"""
VALIDATION_ERROR = """
    String = TransactionId ErrorMessage
"""
TENDER_TYPE = """
    Decimal = MaxCountingDifference MaximumAmountAllowed MaximumAmountEntered
        MaximumOvertenderAmount MaxNormalDifferenceAmount MinimumAmountAllowed MinimumAmountEntered
        MinimumChangeAmount SignatureCaptureMinAmount Rounding UndertenderAmount
        GiftCardCashOutThreshold
    Int32 = MaxRecount PosOperation
    NoYes = ActiveAccount AllowFloat AllowOvertender AllowReturnNegative AllowUndertender AskForDate
        CompressPaymentEntries CountingRequired EndorseCheck FrontOfCheck MultiplyInTenderOperations
        OpenDrawer PayAccountBill PosCountEntries SafeActiveAccount SigCapEnabled TakenToBank
        TakenToSafe HideCardInputDetailsInPOS
    RetailAuthorizationTypes = SeekAuthorization
    RetailLedgerBank = AccountType AccountTypeGiftCardCompany BankBagAccountType SafeAccountType
    RetailNoneNearestUpDown = RoundingMethod
    RetailTenderFunction = Function
    String = RetailChannelId PaymentMethodNumber
    String:4 = dataAreaId
"""
STORE = """
    String = RetailChannelId OperatingUnitNumber ChannelTimeZoneInfoId DefaultCustomerAccount
        DefaultCustomerLegalEntity WarehouseId WarehouseLegalEntity TaxGroupCode TaxGroupLegalEntity Currency
        ClosingMethod StatementMethod EndOfBusinessDay RoundingAccountLedgerDimensionDisplayValue
    String:10 = StoreNumber
    NoYes = PriceIncludesSalesTax OneStatementPerDay StatementPostAsBusinessDay
    Decimal = MaximumPostingDifference MaxRoundingAmount MaxShiftDifferenceAmount MaxTransactionDifferenceAmount
"""
TERMINAL = """
    String = Name
    String:10 = TerminalNumber StoreNumber
    RetailClosingStatus = ClosingStatus
"""
TENDER_TYPE += """
    String = Name LedgerDimensionDisplayValue DifferenceAccLedgerDimensionDisplayValue
"""
TAX_GROUP = """
    String = dataAreaId TaxGroupCode Description
"""
TAX_ITEM_GROUP = """
    String = dataAreaId Name
    String:10 = TaxItemGroup
"""
WAREHOUSE = """
    String = dataAreaId WarehouseId WarehouseName OperationalSiteId
    NoYes = IsRetailStoreWarehouse IsPhysicalNegativeRetailStoreInventoryAllowed
"""
RELEASED_PRODUCT = """
    String = dataAreaId ItemNumber ProductNumber SalesUnitSymbol SalesSalesTaxItemGroupCode TrackingDimensionGroupName
    EcoResProductSubtype = ProductSubType
"""
BARCODE = """
    String = dataAreaId ItemNumber ProductConfigurationId ProductColorId ProductSizeId ProductStyleId ProductVersionId
        ProductQuantityUnitSymbol BarcodeSetupId Barcode
"""
CUSTOMER = """
    String = dataAreaId CustomerAccount OrganizationName CustomerGroupId SalesCurrencyCode
"""
