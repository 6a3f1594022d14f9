"""POS edge: one module per vendor's document, read into canonical transactions. Pure: no I/O, no clock."""
