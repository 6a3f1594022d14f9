"""The app: what happens to a transaction between the till and the ledger."""
