"""Proofs with z3 that two versions of a rule are equal, for the Python that translates; everything else is named."""
