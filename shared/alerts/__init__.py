"""Messages out: an alert as each kind of channel wants it, and the one client that sends it."""
