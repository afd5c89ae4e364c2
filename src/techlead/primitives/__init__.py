"""Values that cannot be wrong: money, ids, secrets, the clock and text. Imports nothing of ours but `errors`."""
