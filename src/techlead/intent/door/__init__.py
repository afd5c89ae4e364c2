"""The one door of `intent` to the world: keys (ssh-keygen), git, and the files of the ledger."""
