"""What compiling a store-day and rebuilding one have in common."""
