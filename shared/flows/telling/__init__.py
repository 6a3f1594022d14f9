"""Steps of telling people what waits for them: counting causes, handing alerts on, the daily word, what is shown."""
