"""What Shopify is asked, in parts that it allows: it refuses a question that could bring more than 1,000 objects.

`ORDER_QUERY` of the adapter says what must be known of an order; here it is asked for in two halves, agreements and money, each
a few at a time. (shopify.dev, GraphQL Admin API rate limits: a single question costs at most 1,000 points.)
"""

from __future__ import annotations

from shared.pos.shopify_agreements import ORDER_QUERY
from shared.pos.shopify_cash import SESSION_QUERY

AGREEMENTS, SALES, SALES_ALONE = 2, 18, 36
PAYMENTS, PAYMENTS_MAX = 40, 80
REFUNDS, REFUNDS_MAX = 20, 40
ORDERS_A_PAGE, SESSIONS_A_PAGE = 100, 100

_OPENING, _, _AFTER_HEADER = ORDER_QUERY.partition("    transactions(first: 100) {\n")
_PAYMENT_FIELDS, _, _AFTER_PAYMENTS = _AFTER_HEADER.partition("    }\n    refunds(first: 100) ")
_REFUND_FIELDS, _, _AGREEMENTS = _AFTER_PAYMENTS.partition("\n    agreements(first: 100) {\n")
_HEADER = _OPENING.partition("order(id: $id) {\n")[2]

AGREEMENTS_QUERY = (
    "query Agreements($id: ID!, $agreements: Int!, $after: String, $sales: Int!, $salesAfter: String) {\n"
    "  order(id: $id) {\n" + _HEADER + "    agreements(first: $agreements, after: $after) {\n" + _AGREEMENTS
).replace("sales(first: 250)", "sales(first: $sales, after: $salesAfter)").replace(
    "pageInfo { hasNextPage }", "pageInfo { hasNextPage endCursor }"
)  # fmt: skip
MONEY_QUERY = (
    "query Money($id: ID!, $payments: Int!, $refunds: Int!) {\n"
    "  order(id: $id) {\n    id updatedAt\n    transactions(first: $payments) {\n" + _PAYMENT_FIELDS + "    }\n"
    "    refunds(first: $refunds) " + _REFUND_FIELDS.replace("first: 50", "first: 10") + "\n  }\n}\n"
)  # fmt: skip
ORDERS_QUERY = """
query Changed($query: String!, $after: String) {
  orders(first: 100, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes {
      id updatedAt processedAt cancelledAt sourceName displayFinancialStatus currencyCode test
      retailLocation { id }
      totalPriceSet { shopMoney { amount currencyCode } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
SESSIONS_QUERY = """
query Sessions($query: String!, $after: String) {
  pointOfSaleDevicePaymentSessions(first: 100, after: $after, query: $query, sortKey: OPENING_TIME) {
    nodes { id currency openingTime closingTime location { id } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
TENDERED_QUERY = """
query Tendered($query: String!, $after: String) {
  tenderTransactions(first: 100, after: $after, query: $query) {
    nodes { id processedAt order { id sourceName displayFinancialStatus retailLocation { id } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
SESSION_BY_ID_QUERY = SESSION_QUERY.replace("(first: 25,", "(first: 1,").replace("first: 250", "first: 90")
