"""The steps of retention: store-days whose time is past, and rows of what has ended long ago."""
