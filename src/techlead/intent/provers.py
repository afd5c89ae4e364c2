"""The prover, when it is installed: `pip install "techlead[prove]"`."""

from __future__ import annotations

from techlead.intent.difference import Prover


def installed_prover() -> Prover | None:
    """Give the prover; None without z3, and then what no search shows is NOT SHOWN."""
    try:
        from techlead.intent.proof.prove import prove  # noqa: PLC0415 - z3 costs 60 MB, and is needed by reviews alone
    except ModuleNotFoundError:
        return None
    return prove
