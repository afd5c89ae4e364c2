"""Tests of a project from its Plan: who may do what, what rules and actions decide, what messages say."""
