"""How one thing that fails is told, and how its neighbours go on beside it."""
