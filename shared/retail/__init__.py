"""What is right: pure rules of retail. No I/O, no clock, no framework."""
