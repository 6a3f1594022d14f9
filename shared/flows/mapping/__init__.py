"""The steps of mapping: shifts."""
