"""Practise on this machine: the app, its storage and D365's simulator with one fault in them, a task in people's words, a check.

Not deployed. It speaks to the app over HTTP alone, as tills and desks do.
"""
