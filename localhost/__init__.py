"""Runs the real `function_app.py` on this machine, where Azure Functions Core Tools are absent. Not deployed.

`python -m localhost --port 7071` serves the app's HTTP routes, listens to its queues and fires its timers, through the
binding converters of `azure.functions` itself. What Azure adds and this does not: function keys and sign-in, scaling
out, leases that keep a timer on one instance, timers' past-due monitor, output bindings, renewal of a message's
invisibility (a function's time is up after host.json's functionTimeout, at most ten minutes).
"""
