"""D365's fifteen texts of statement posting as they come: in several wrappings, and their neighbours.

Written by hand from Microsoft's support articles and forum threads. {id}, {other}, {amount}, {day} are put in by the tests.
"""

from __future__ import annotations

_CONTROLLER = "generic exception encountered in retail statement in the controller: "
_INVOICED = "While processing the state Customer order invoiced, " + _CONTROLLER
_CREATED = "While processing the state Customer order created, " + _CONTROLLER
_COMBINED = "in combination with the following dimensions values that are valid"

# For each kind of text, by the decoder's code: ways in which it was seen, or in which the same words reach us.
PHRASINGS: dict[str, tuple[str, ...]] = {
    "site_missing": (
        _CREATED + "Inventory dimension Site is mandatory and must consequently be specified.",
        "Sales order: {id} Inventory dimension Site is mandatory and must consequently be specified.",
        "Inventory dimension 'Site' is mandatory and must consequently be specified. Item number: {other}",
        "Error\tStatement {id}: Inventory dimension  Site  is mandatory and must consequently be specified.",
        "Item: {id}, Inventory dimension Site must be specified.",
    ),
    "warehouse_missing_in_d365": (
        _INVOICED + "Item: {id} Inventory dimension Location must be specified.",
        "Inventory dimension Warehouse is mandatory and must consequently be specified.",
        "Posting Sales order: {id} Item: {other}, Inventory dimension Location must be specified.",
        "Inventory dimension “Location” must be specified (line {amount}).",
    ),
    "batch_number_missing": (
        _CREATED + "Batch number {id} isn't created for item number {other}.",
        "Batch number '{id}' is not created for item number '{other}'.",
        "Transaction {other}: Batch number {id} isn’t created for item number {other}.",
        "Error: BATCH NUMBER {id} ISN'T CREATED FOR ITEM NUMBER {other}",
    ),
    "period_closed": (
        _INVOICED + "{id} Voucher {other} Period for {day} does not exist.",
        "Voucher {id} Period for {day} does not exist. Voucher {id} Fiscal year for {day} does not exist.",
        "The period {day} is closed for module Sales.",
        "Period {day} is on hold for user group {id}.",
        "The fiscal period for the date {day} is not open.",
        "Posting results for journal batch number {id} Voucher {other} Period for {day} does not exist. Posting was canceled.",
    ),
    "fiscal_year_missing": (
        "Posting results for journal batch number {id} Voucher {other} Fiscal year for {day} does not exist.",
        "Fiscal year for {day} does not exist.",
        _INVOICED + "Voucher {id} Fiscal year for {day} does not exist.",
        "Voucher: {id}. Fiscal year for ‘{day}’ does not exist.",
    ),
    "stock_not_available": (
        "{amount} cannot be picked because only {amount} is/are available from the inventory",
        _INVOICED
        + "Item: {id} {amount} cannot be picked because only {amount} is/are available from the inventory.",
        "Sales order {id}, item {other}: {amount} cannot be picked because only {amount} is/are available from the inventory",
        "Physical update: 1 cannot be picked because only 0.00 is/are available from the inventory",
    ),
    "moving_average_conflict": (
        "Inventory value {amount} is not expected after the proportional expense calculation",
        _INVOICED
        + "Item: {id} Inventory value {amount} is not expected after the proportional expense calculation.",
        "Voucher {id}: inventory value {amount} is not expected after the proportional expense calculation (cost price {amount})",
        "Inventory value '{amount}' is not expected  after the proportional expense calculation",
    ),
    "standard_cost_conflict": (
        "The standard cost does not match with the financial inventory value after the update. Value = {amount}, Qty = {amount}",
        _INVOICED
        + "Item {id}: The standard cost does not match with the financial inventory value after the update.",
        "Order {id} The standard cost does not match with the financial inventory value after the update. Cost = {amount}",
        "ERROR: THE STANDARD COST DOES NOT MATCH WITH THE FINANCIAL INVENTORY VALUE AFTER THE UPDATE.",
    ),
    "dimension_combination": (
        _INVOICED + "You must select a value in the Department field " + _COMBINED,
        "You must select a value in the Cost center field " + _COMBINED + ": MainAccount {id}.",
        "Voucher {id} You must select a value in the ‘BusinessUnit’ field " + _COMBINED + ".",
        "{id}: you must select a value in the Store field in combination with the following dimension values that are valid",
    ),
    "invoice_not_found": (
        "Customer order invoiced, the invoice couldn't be found for the manually invoiced sales order for this aggregation.",
        "The invoice could not be found for the manually invoiced sales order {id}.",
        "Aggregation {id}: the invoice couldn’t be found for the manually invoiced sales order {other} for this aggregation.",
        "Statement {id} - the invoice couldn't be found for the manually invoiced sales order.",
    ),
    "number_sequence_used_up": (
        "Number sequence has been exceeded",
        "Number sequence {id} has been exceeded.",
        _CREATED + "Number sequence Sale_{id} has been exceeded.",
        "Number sequence '{id}' is exceeded; it ended at {amount}.",
    ),
    "payment_service_missing": (
        "There must be a default payment service.",
        _INVOICED + "There must be a default payment service.",
        "Payment {id}: There must be a default payment service",
        "Error {amount}; there must be a default payment service.",
    ),
    "account_structure": (
        "Account structure, for the combination {id}--{other}-Sales, isn't valid.",
        "Account structure Retail P&L for the combination {id}-{other}- is not valid.",
        _INVOICED + "Account structure, for the combination {id}, isn’t valid.",
        "Voucher {other} Account structure, for the combination {id} - 001 - Sales, is not valid. Posting was canceled.",
    ),
    "voucher_unbalanced": (
        "The transactions on voucher {id} do not balance as per {day}. (accounting currency: {amount} - reporting: {amount})",
        _INVOICED + "The transactions on voucher {id} do not balance as per {day}.",
        "Statement {other}: the transactions on voucher '{id}' do not balance as per {day}. (accounting currency: 0.01)",
        "Posting  The transactions on voucher {id}  do not balance as per {day}",
    ),
    "oversettlement": (
        "Settlement of {id} was cancelled to avoid oversettlement.",
        "Settlement of voucher {id} on {day} was canceled to avoid oversettlement.",
        "Customer {other}: the settlement of {amount} was cancelled to avoid oversettlement",
        "Error: cancelled to avoid oversettlement ({id}).",
    ),
}
# Texts of the same words that say something else: each must stay unknown.
NEAR_MISSES: tuple[str, ...] = (
    "Inventory dimension Site is optional for this item.",
    "Inventory dimension Site has been activated for storage dimension group {id}.",
    "Inventory dimension Colour must be specified.",
    "Inventory dimension Location has been counted.",
    "Batch job {amount} isn't created yet.",
    "Batch number {id} is created for item number {other}.",
    "The period for payment is 30 days.",
    "Period for {day} exists.",
    "The period template {id} was copied.",
    "The fiscal year for {day} exists already.",
    "Fiscal calendar {id} does not exist.",
    "{amount} cannot be picked because the picking list is closed.",
    "{amount} can be picked because {amount} are available.",
    "Inventory value {amount} is expected after the calculation.",
    "Inventory value {amount} is not expected.",
    "The standard cost matches.",
    "The standard cost of item {id} was activated.",
    "You must select a value in the Department field.",
    "You may select a value in the Department field in any combination.",
    "The invoice could not be printed for the sales order.",
    "The invoice {id} was found for the manually invoiced sales order.",
    "Number sequence {id} does not allow manual numbers.",
    "Number sequence {id} is continuous.",
    "There must be a default payment method.",
    "There must be a default fulfilment service.",
    "Account structure {id} is active.",
    "Account structure {id} has been validated for {amount} combinations.",
    "The transactions on voucher {id} balance.",
    "The transactions on voucher {id} were reversed on {day}.",
    "Settlement was cancelled by the user.",
    "Settlement of {id} was postponed to avoid a lock.",
    "The statement {id} was posted.",
    "The period template {id} is closed for editing.",
    "Price period discount {id} is closed.",
    "The grace period for order {id} is on hold.",
    "The grace period is closed.",
    "The statement {id} was already executed.",
    "Digital signature expired for the certificate of vendor {id}.",
)
