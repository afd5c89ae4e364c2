"""The target: start it, find its operations, understand them, and come back to a known state."""
