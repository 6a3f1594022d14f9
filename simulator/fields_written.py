"""Fields of the sets that a POS integration writes: one line a type, then the names.

Spelling and case are D365's (D365 facts §2.1).
"""

HEADER = """
    DateTimeOffset = ShippingDateRequested TransactionDate LogisticsPostalAddressValidFrom
        LogisticPostalAddressValidTo GiftCardActiveFrom GiftCardExpireDate businessDate
        BeginDateTime QuotationExpiryDate
    Decimal = AmountPostedToAccount CostAmount CustomerDiscountAmount DiscountAmount
        DiscountAmountWithoutTax ExchangeRate GrossAmount IncomeExpenseAmount NetAmount NetPrice
        PaymentAmount SalesInvoiceAmount SalesOrderAmount SalesPaymentDifference TotalDiscountAmount
        TotalManualDiscountAmount TotalManualDiscountPercentage GiftCardBalance GiftCardIssueAmount
        NumberOfItemLines NumberOfItems
    Int32 = TransactionTime NumberOfPaymentLines
    Int64 = BatchID RetailTransactionAggregationFieldList
    NoYes = CreatedOffline ItemsPosted PostAsShipment SaleIsReturnSale ToAccount
        IsTaxIncludedInPrice IsTaxExemptedForPriceInclusive SaleOnAccount
    RetailEntryStatus = TransactionStatus
    RetailTransactionOrderTypes = TransactionOrderType
    RetailTransactionType = TransactionType
    String = ChannelReferenceId DeliveryMode InfocodeDiscountGroup LogisticsLocationId
        LogisticsPostalCity LogisticsPostalCounty LogisticsPostalState LogisticsPostalStreet
        LogisticsPostalZipCode OperatingUnitNumber Comment GiftCardHistoryDetails GiftCardIdMasked
        LanguageId CustomerName
    String:10 = Terminal Warehouse SiteId Shift BatchTerminalId CreatedOnPosTerminal
    String:18 = RreceiptId RefundReceiptId
    String:20 = InvoiceId SalesOrderId
    String:25 = Staff
    String:3 = Currency
    String:30 = LoyaltyCardId
    String:38 = CustomerAccount
    String:4 = dataAreaId
    String:44 = TransactionNumber SuspendedTransactionId
    TaxCalculationType = TaxCalculationType
"""
SALES_LINE = """
    DateTimeOffset = RequestedReceiptDate RequestedShipDate LogisticsPostalAddressValidFrom
        BusinessDate TransactionDate
    Decimal = CostAmount CustomerDiscount CustomerInvoiceDiscountAmount CashDiscountAmount
        DiscountAmountWithoutTax DiscountAmountForPrinting ReasonCodeDiscount LineDiscount
        LineManualDiscountAmount LineManualDiscountPercentage LineNumber NetAmount
        NetAmountInclusiveTax NetPrice OriginalPrice PeriodicDiscountAmount
        PeriodicDiscountPercentage Price Quantity ReturnLineNumber ReturnQuantity StandardNetPrice
        SalesTaxAmount TotalDiscount TotalDiscountInfoCodeLineNum TotalDiscountPercentage UnitPrice
        UnitQuantity LinePercentageDiscount TaxExemptPriceInclusiveOriginalPrice
        TaxExemptPriceInclusiveReductionAmount FixedPriceCharges
    Int32 = PickupStartTime PickupEndTime
    NoYes = GiftCard ProductScanned KeyboardProductEntry IsLineDiscounted IsLinkedProductNotOriginal
        IsOriginalOfLinkedProductList IsPriceChange PriceInBarCode IsReturnNoSale IsScaleProduct
        IsWeightProduct IsWeightManuallyEntered SkipReports
    RetailEntryStatus = TransactionStatus
    RetailInventStatusSales = InventoryStatus
    RetailItemTransactionCode = TransactionCode
    RetailReturnTrackingStatusType = ReturnTrackingStatus
    String = PriceGroups ModeOfDelivery ElectronicDeliveryEmail RetailEmailAddressContent
        ItemRelation ChannelListingID PeriodicDiscountGroup RFIDTagId SectionNumber ShelfNumber
        CategoryName CategoryHierarchyName LogisticLocationId OperatingUnitNumber
        ReturnOperatingUnitNumber ItemColor ItemSize ItemStyle ItemConfigId ItemVersion
        CancelledTransactionNumber
    String:10 = SalesTaxGroup ItemSalesTaxGroup Terminal Warehouse SiteId OriginalSalesTaxGroup
        OriginalItemSalesTaxGroup ReturnTerminal Unit VariantNumber
    String:18 = ReceiptNumber
    String:20 = OfferNumber SerialNumber LotID ItemId
    String:3 = Currency
    String:38 = CustomerAccount
    String:4 = dataAreaId
    String:44 = TransactionNumber ReturnTransactionNumber
    String:80 = BarCode
"""
PAYMENT_LINE = """
    Decimal = LineNumber ExchangeRateInTenderedCurrency AmountInTenderedCurrency AmountTendered
        AmountTenderedAdjustment ExchangeRateInAccountingCurrency RefundableAmount
        AmountInAccountingCurrency Quantity LinkedPaymentLineNumber
    NoYes = IsPaymentCaptured IsLinkedRefund IsPrepayment IsChangeLine
    RetailEntryStatus = TransactionStatus
    RetailTenderFunction = Function
    RetailTenderVoidStatus = VoidStatus
    String = GiftCardId CreditVoucherId CardNumber AccountNumber PaymentCaptureToken
        OperatingUnitNumber
    String:10 = LinkedPaymentStore CardTypeId TenderType LinkedPaymentTerminal Terminal Store
    String:18 = ReceiptId
    String:25 = Staff
    String:3 = CurrencyCode LinkedPaymentCurrency
    String:30 = LoyaltyCardId
    String:4 = dataAreaId
    String:44 = LinkedPaymentTransactionNumber TransactionNumber
"""
TAX_LINE = """
    Decimal = TaxAmount SalesLineNumber TaxPercentage
    NoYes = IsTaxIncludedInPrice IsExempt
    String = OperatingUnitNumber
    String:10 = TaxCode Terminal
    String:4 = dataAreaId
    String:44 = TransactionNumber
"""
DISCOUNT_LINE = """
    Decimal = EffectiveAmount DealPrice DiscountAmount LineNumber DiscountPercentage SalesLineNumber
        DiscountCost
    Int32 = BundleId
    RetailCustomerDiscountType = CustomerDiscountType
    RetailDiscountOriginType = DiscountOriginType
    RetailManualDiscountType = ManualDiscountType
    String = DiscountCode DiscountOfferId Terminal OperatingUnitNumber
    String:4 = dataAreaId
    String:44 = TransactionNumber
"""
INCOME_EXPENSE_LINE = """
    DateTimeOffset = TransactionDate
    Decimal = Amount LineNumber
    Int32 = TransactionTime
    RetailEntryStatus = TransactionStatus
    RetailIncomeExpense = AccountType
    String = AccountNumber ReceiptNumber OperatingUnitNumber
    String:10 = Terminal StoreNumber
    String:4 = dataAreaId
    String:44 = TransactionNumber
"""
SHIFT = """
    DateTimeOffset = CloseDate CloseDateTimeUtc StartDate StartDateTimeUtc ErrorCodeDateTime
    Decimal = DiscountTotalAmount PaidToAccountTotal ReturnsTotal RoundedAmountTotal SalesTotal
        TaxTotal ItemsSold PriceOverrideTotal ReceiptCopiesTotal ReturnsGrandTotal SalesGrandTotal
        ServicesSoldQuantity SuspendedTotal TrainingTotal GiftCardsTotal VoidedSalesTotal
        ShiftSalesTotal ShiftReturnsTotal GiftCardCashOutTotal ChargeTotal
    Int32 = CloseTime CustomerSalesCount LogonsCount NoSaleCount SalesCount StartTime
        TransactionsCount VoidsCount ReceiptCopiesCount ReturnsCount SuspendedCount TrainingCount
        ZeroSalesCount
    Int64 = BatchShiftId ClosedAtBatchId
    NoYes = HasPendingOfflineTransactions
    RetailEodShiftValidationErrorCode = ErrorCode
    RetailPosBatchStatus = Status
    String = LocationNumber OperationUnitNumber OrganizationPartyNumber Error ErrorCodeEditUser
    String:20 = StatementId
    String:10 = Terminal ClosedAtRegisterNumber StoreNumber
    String:25 = OperatorId
    String:4 = dataAreaId
"""
