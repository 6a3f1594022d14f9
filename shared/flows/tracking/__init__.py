"""The steps of following what D365 has: asking within a budget, naming what stands still, and the evidence for effects."""
