"""A backend is a page of typed declarations and pure functions."""
