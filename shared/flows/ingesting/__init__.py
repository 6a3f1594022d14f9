"""The steps of ingesting: writing receipts, and settling what had been there before."""
