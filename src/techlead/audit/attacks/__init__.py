"""One file per family of attacks; none knows another. `FAMILIES` is the table the engine runs."""
