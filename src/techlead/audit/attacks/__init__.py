"""One file or folder per family of attacks; none knows another. `audit.families` is the table the engine runs."""
