"""Each import contract is shown to fail: a copy of the package breaks it, and import-linter says so.

A gate that has never failed is not known to work.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from unit.house.contracts import SETTINGS, Copy, contracts, copied, listed

from techlead.audit.families import FAMILIES

LAYERS = [name.strip("()") for name in listed("layers", "layers")]
FORBIDDING = {"database": "serve", "network": "deliver", "pure": "derive", "statements": "declare", "intent": "intent"}
"""A contract that forbids packages from outside, and a layer that it forbids them to."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return copied(tmp_path_factory.mktemp("house"))


def test_the_package_as_it_is_keeps_every_contract(house: Copy):
    assert house.broken() == ""


def test_every_contract_has_its_negative_control():
    assert contracts() == {"layers", "audit", "audited", "attacks", "acyclic", *FORBIDDING}


@pytest.mark.parametrize(("upper", "lower"), list(pairwise(LAYERS)))
def test_a_layer_that_imports_the_one_above_it_breaks_the_layers(house: Copy, upper: str, lower: str):
    made = {f"{layer}/__init__.py": "" for layer in (upper, lower) if layer in ("delegate", "explain")}
    stray = "errors.py" if lower == "errors" else f"{lower}/stray.py"
    told = house.breaking("layers", {**made, stray: f"import techlead.{upper}"})
    assert f"techlead.{lower} is not allowed to import techlead.{upper}" in told


def test_a_folder_that_is_no_layer_breaks_the_layers(house: Copy):
    told = house.breaking("layers", {"kitchen/__init__.py": ""})
    assert "kitchen" in told


@pytest.mark.parametrize("layer", ["cli", "serve", "deliver", "store", "intent", "derive", "declare"])
def test_an_audit_that_imports_the_runtime_breaks_the_contract(house: Copy, layer: str):
    told = house.breaking("audit", {"audit/__init__.py": "", "audit/attack.py": f"import techlead.{layer}"})
    assert f"techlead.audit.attack is not allowed to import techlead.{layer}" in told


@pytest.mark.parametrize("layer", ["serve", "derive", "primitives"])
def test_a_runtime_that_imports_the_audit_breaks_the_contract(house: Copy, layer: str):
    attack = {"audit/__init__.py": "", "audit/attack.py": ""}
    told = house.breaking("audited", {**attack, f"{layer}/stray.py": "import techlead.audit.attack"})
    assert f"techlead.{layer} is not allowed to import techlead.audit.attack" in told


def test_an_attack_that_knows_another_family_breaks_the_contract(house: Copy):
    told = house.breaking("attacks", {"audit/attacks/race/stray.py": "from techlead.audit.attacks import money"})
    assert "techlead.audit.attacks.race.stray -> techlead.audit.attacks.money (l.1)" in told


def test_the_attacks_that_the_contract_keeps_apart_are_all_families():
    assert [name.rpartition(".")[2] for name in listed("attacks", "modules")] == sorted(FAMILIES)


@pytest.mark.parametrize("folder", ["primitives", "serve/change"])
def test_siblings_that_import_each_other_break_the_contract_at_any_depth(house: Copy, folder: str):
    package = f"techlead.{folder.replace('/', '.')}"
    there, back = f"from {package} import stray_back", f"from {package} import stray_there"
    told = house.breaking("acyclic", {f"{folder}/stray_there.py": there, f"{folder}/stray_back.py": back})
    assert f"No cycles are allowed in {package}." in told


@pytest.mark.parametrize("contract", FORBIDDING)
def test_a_layer_that_imports_what_is_behind_a_door_breaks_the_contract(house: Copy, contract: str):
    layer = FORBIDDING[contract]
    outside = listed(contract, "forbidden_modules")
    told = house.breaking(contract, {f"{layer}/stray.py": "".join(f"import {name}\n" for name in outside)})
    assert [name for name in outside if f"techlead.{layer}.stray -> {name} (l." not in told] == []


def test_an_exception_that_nothing_needs_any_more_is_refused(house: Copy, tmp_path: Path):
    settings = tmp_path / ".importlinter"
    settings.write_text(SETTINGS.read_text().replace("techlead.store.* -> apsw", "techlead.derive.* -> apsw"))
    assert "techlead.derive.* -> apsw" in house.broken("database", settings)
