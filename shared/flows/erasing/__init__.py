"""The steps of erasing: what belongs to one receipt, what is left of it, and the writes that leave no more than that."""
