"""What attacks look for, as pure functions: canaries in texts, weak hashes, forged tokens, traces of errors, slower halves."""
