"""What a draft's tests see of the environment: where things are, and no key."""

from __future__ import annotations

from techlead.cli.drafting import environment_of_drafts


def test_no_key_and_no_address_reaches_a_drafts_tests():
    given = {
        "PATH": "/bin",
        "HOME": "/srv/ann",
        "OPENAI_API_KEY": "k-123",
        "TECHLEAD_DATABASE": "postgresql://a:b@c/d",
    }
    assert environment_of_drafts(given) == {"PATH": "/bin", "HOME": "/srv/ann", "PYTHONDONTWRITEBYTECODE": "1"}
