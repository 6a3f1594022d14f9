"""D365 headquarters over real HTTPS, for tests and for the demo: stricter than D365, never kinder.

It shares no code with the app, so that it cannot share the app's mistakes. What D365 leaves open is answered by the worst
case, and can be switched by name (`simulator.switches`).
"""
