"""The ways to reach somebody: each is one small file with one function that sends, and says how it ended."""
