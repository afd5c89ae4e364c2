"""A bucket of tokens: fills with time up to its brim, and is the one way in which rate and retries are counted."""

from __future__ import annotations

from dataclasses import dataclass

from techlead.primitives.clock import SECOND_US


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many tokens there were, and when (microseconds)."""

    tokens: float = -1.0
    """Below nothing: never used, so full."""
    at: int = 0

    def filled(self, now: int, per_second: float, brim: float) -> Bucket:
        """Give the bucket as it is now; a clock that was set back adds nothing and takes nothing."""
        if self.tokens < 0:
            return Bucket(brim, now)
        added = max(0, now - self.at) / SECOND_US * per_second
        return Bucket(min(brim, self.tokens + added), now)

    def with_more(self, tokens: float, brim: float) -> Bucket:
        """Put tokens in, up to the brim; take them out with a number below nothing, down to nothing."""
        return Bucket(max(0.0, min(brim, self.tokens + tokens)), self.at)

    def whole_at(self, per_second: float) -> int:
        """Give the moment at which there is one token, if none is taken before."""
        missing = max(0.0, 1.0 - self.tokens)
        return self.at + round(missing / per_second * SECOND_US) + (1 if missing else 0)
