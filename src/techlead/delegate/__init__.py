"""The intern's desk: a brief goes out, a draft comes in, a proposal is laid down. Nothing here signs, and nothing here edits."""
