"""Asks z3 whether any facts tell two versions of a rule apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import z3

from techlead.derive.examples import word_reference
from techlead.intent.difference import Proof, Union
from techlead.intent.proof.symbols import FALSE, Enums, Symbol, Untranslated, symbol_of, value_of
from techlead.intent.proof.translate import Translation
from techlead.intent.subject import Point, SlotName, Subject

MILLISECONDS_MAX: Final = 2_000
"""After so long z3 is stopped, and the verdict is NOT SHOWN."""


def prove(old: Subject, new: Subject, union: Union) -> Proof:
    """Prove two versions of a rule equal, or give facts on which they may differ, or say what stood in the way."""
    if new.kind != "rule":
        return Proof(reason="only rules are proved, actions are searched")
    enums = Enums()
    try:
        facts, known = _facts(union, enums)
        before = _formula(old, facts, union.old, enums)
        after = _formula(new, facts, union.new, enums)
    except Untranslated as untranslated:
        return Proof(reason=f"z3 does not read {untranslated}")
    solver = z3.Solver()
    solver.set("timeout", MILLISECONDS_MAX)
    solver.add(*known, before != after)
    answer = solver.check()
    if answer == z3.unsat:
        return Proof(equal=True)
    if answer == z3.unknown:
        return Proof(reason=f"z3 gave up after {MILLISECONDS_MAX} ms")
    return Proof(point=_point(union, facts, solver.model(), enums))


def _facts(union: Union, enums: Enums) -> tuple[dict[SlotName, Symbol], list[Any]]:
    facts, known = {}, []
    for slot in union.slots:
        facts[slot.name], more = symbol_of(slot, enums)
        known += more
    return facts, known


def _formula(
    side: Subject, facts: Mapping[SlotName, Symbol], members: Mapping[SlotName, Mapping[str, Any]], enums: Enums
) -> Any:
    """Number what a version does: 0 refuses, 1 allows, 2 raises; a member that it does not know it refuses."""
    translation = Translation(side.code, side.shapes, facts, enums)
    strange = [FALSE]
    for name, known in members.items():
        symbol = facts[name]
        numbers = [enums.number(symbol.of, one) for one in known]
        strange.append(z3.And(z3.Not(symbol.none), *(symbol.term != number for number in numbers)))
    decided = z3.If(translation.answer.term, z3.IntVal(1), z3.IntVal(0))
    return z3.If(z3.Or(*strange), z3.IntVal(0), z3.If(z3.Or(FALSE, *translation.raises), z3.IntVal(2), decided))


def _point(union: Union, facts: Mapping[SlotName, Symbol], model: Any, enums: Enums) -> Point:
    point: dict[SlotName, Any] = {}
    for slot in union.slots:
        value = value_of(slot, facts[slot.name], model, enums)
        if slot.kind == "reference" and value is not None:
            value = word_reference(slot.target, f"row {value}")
        if slot.kind == "presence":
            value = True if value is not None else None
        point[slot.name] = value
    return point
