"""The steps of the checks that people make: what they look at, read for them."""
