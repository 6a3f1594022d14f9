"""Measurements against the budgets: counted operations first, times only as ratios inside one run."""
