"""Outbox and channels: a committed change becomes a delivered message."""
