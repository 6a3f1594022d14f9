"""The steps of a release: what it would do, in which order and in which parts it goes, and what came of it."""
