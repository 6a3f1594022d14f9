"""The edge to Dynamics 365 Finance and Commerce headquarters: rows, packages, one client, one decoder of its
texts.
"""
