"""What must be done: one verb a file. A flow gathers, asks `retail` to decide, and applies; no flow calls another."""
