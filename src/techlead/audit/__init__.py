"""Attack whatever runs: target -> attack -> finding -> report. It imports nothing of our runtime."""
