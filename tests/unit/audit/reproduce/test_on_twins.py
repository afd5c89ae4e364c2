"""Programs for what plain requests show, on real targets: red on the hole, and green on its fixed twin."""

from __future__ import annotations

import pytest
from twins import SEED, twin
from unit.audit.reproduce.test_program import run

from techlead.audit.attacks.attack import Attack, Sighting
from techlead.audit.attacks.input import later, log_in
from techlead.audit.attacks.rule import boundary, own
from techlead.audit.reproduce.program import program

LOG_INS = ("/login", "/token")


@pytest.mark.parametrize(
    ("app", "attack"),
    [
        ("input_log_in", log_in.ATTACK),
        ("input_log_in_token", log_in.ATTACK),
        ("input_later", later.ATTACK),
        ("rule_bypass", own.ATTACK),
        ("rule_boundary", boundary.ATTACK),
    ],
)
def test_the_program_is_red_on_the_hole_and_green_on_the_fixed_twin(app: str, attack: Attack):
    with twin("state", app, hole=True) as hole, twin("state", app, hole=False) as fixed:
        site = hole.site(SEED)
        sighting = next(one for one in site.strike(attack) if isinstance(one, Sighting))
        text = program(sighting, site.answers(), LOG_INS) or ""
        assert run(text, site.url) == 1
        assert run(text, fixed.site(SEED).url) == 0
