"""A chain that trades a chain's day over HTTP, and the independent arithmetic the outcome is checked with.

Imports nothing of the app, the simulator or the local host: they are started as processes and spoken to by HTTP.
"""
