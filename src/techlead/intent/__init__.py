"""Examples, mutation, difference, shadow, ledger: rules keep their reason."""
