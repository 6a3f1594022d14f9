"""HTTP at the edge of the app: answers in one shape, and the description of the routes."""
