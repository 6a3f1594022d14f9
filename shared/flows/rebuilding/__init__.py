"""The steps of rebuilding: receipts from their documents, shifts and statement from receipts, packages from their members."""
