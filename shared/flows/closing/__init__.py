"""The steps of closing a month: which store-days concern it, and what is read of them."""
