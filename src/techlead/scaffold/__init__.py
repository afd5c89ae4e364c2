"""Scaffolds without any model: a project, declarations, tests, clients, and what an existing app would be as declarations."""
