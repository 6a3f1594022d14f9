"""The steps of posting: the slot, gathering, building, reading back. `post_transactions` tells their story."""
