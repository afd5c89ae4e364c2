"""The intern: brief, draft, proposal."""
