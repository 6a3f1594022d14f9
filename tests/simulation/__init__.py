"""The seeded simulation: the real flows and the real D365 simulator under virtual time, with everything going wrong."""
