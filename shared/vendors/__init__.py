"""The POS vendors' own APIs: what they list and what one receipt of theirs holds. Edge; it knows no other edge."""
