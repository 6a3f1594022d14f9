"""The steps of writing a held receipt off: which one, whether it may be, and what is told of it."""
