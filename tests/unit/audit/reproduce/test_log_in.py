"""A log-in that runs what is written into it, as a form with a cookie or with a token: its program is red, and green on the fixed twin."""

from __future__ import annotations

import pytest
from twins import SEED, twin
from unit.audit.reproduce.test_program import run

from techlead.audit.attacks.attack import Sighting
from techlead.audit.attacks.input.log_in import ATTACK
from techlead.audit.reproduce.program import program


@pytest.mark.parametrize("app", ["input_log_in", "input_log_in_token"])
def test_the_program_is_red_on_the_hole_and_green_on_the_fixed_twin(app: str):
    with twin("state", app, hole=True) as hole, twin("state", app, hole=False) as fixed:
        site = hole.site(SEED)
        sighting = next(one for one in ATTACK.strike(site) if isinstance(one, Sighting))
        text = program(sighting, site.answers(), ("/login", "/token")) or ""
        assert run(text, site.url) == 1
        assert run(text, fixed.site(SEED).url) == 0
