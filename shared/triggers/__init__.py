"""Triggers that people, tills and other programs call, by what they are about."""
