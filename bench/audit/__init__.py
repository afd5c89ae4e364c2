"""Measure the audit on targets whose holes are known: recall, false alarms, seconds, requests; beside Schemathesis and Bandit."""
