"""Tests of access: the matrix of each resource as a table, every closed door without a session, and strangers at a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from techlead.declare.access import nobody
from techlead.derive.matrix import access_matrix
from techlead.derive.plan import Plan, ResourcePlan
from techlead.primitives.words import plural, snake
from techlead.scaffold.cases.block import Block, Import, TestFile
from techlead.scaffold.expressions import quoted
from techlead.scaffold.refused import ScaffoldRefused
from techlead.scaffold.rehearsal import Rehearsal
from techlead.scaffold.verdicts import access_table
from techlead.serve.backend import Backend

BACKEND: Final[Import] = ("backend", "backend")
REHEARSAL: Final[Import] = ("techlead.scaffold.rehearsal", "Rehearsal")
PYTEST: Final[Import] = ("pytest", "")
NO_ROW: Final = "00000000000000000000000000"
"""The end of an id that no row has."""
STAGE: Final = Block(
    "stage",
    '''@pytest.fixture(scope="module")
def stage() -> Iterator[Rehearsal]:
    """Give the backend on an empty database, in this process."""
    with Rehearsal(backend) as made:
        yield made
''',
    (("collections.abc", "Iterator"), PYTEST, BACKEND, REHEARSAL),
)


def access_tests(backend: Backend) -> TestFile:
    """Write the tests of who may do what; a resource of which no row can be made is left out of the last kind."""
    plan = backend.plan()
    blocks = [STAGE]
    left_out: list[str] = []
    with Rehearsal(backend) as stage:
        for resource in plan.resources.values():
            blocks.append(_matrix(backend, resource))
            blocks.extend(_closed(plan, resource))
            blocks.extend(_strangers(stage, resource, left_out))
    return TestFile("test_access.py", f"Who may do what in {plan.name}.", tuple(blocks), tuple(left_out))


def _matrix(backend: Backend, resource: ResourcePlan) -> Block:
    name = f"test_who_may_do_what_to_{_many(resource)}"
    rows = "".join(f"        {quoted(line)},\n" for line in access_table(backend, resource.name))
    text = f'def {name}() -> None:\n    assert access_table(backend, "{resource.name}") == [\n{rows}    ]\n'
    return Block(name, text, (BACKEND, ("techlead.scaffold.verdicts", "access_table")))


def _closed(plan: Plan, resource: ResourcePlan) -> Iterator[Block]:
    """Every operation that the matrix denies to strangers is asked for without a session."""
    denied = {
        cell.operation
        for cell in access_matrix(plan)
        if cell.resource == resource.name and cell.actor.name == "anonymous" and cell.may == nobody
    }
    doors = [
        f'        ("{one.method}", "{one.path.replace("{id}", f"{resource.prefix}_{NO_ROW}")}"),\n'
        for one in plan.operations
        if one.name in denied
    ]
    if doors:
        name = f"test_nobody_gets_at_{_many(resource)}_without_signing_in"
        head = f'@pytest.mark.parametrize(\n    ("method", "path"),\n    [\n{"".join(doors)}    ],\n)\n'
        text = f"{head}def {name}(stage: Rehearsal, method: str, path: str) -> None:\n    assert stage.anonymous.ask(method, path).status == 401\n"
        yield Block(name, text, (PYTEST, REHEARSAL))


def _strangers(stage: Rehearsal, resource: ResourcePlan, left_out: list[str]) -> Iterator[Block]:
    """A row is made for real, now and in the test: so that it is known that it can be, and that a stranger is refused it."""
    operations = {one.kind: one for one in stage.plan.operations if one.resource == resource.name}
    cells = [cell for cell in access_matrix(stage.plan) if cell.resource == resource.name]
    hidden = any(
        cell.operation == operations["read"].name and cell.actor.name == "signed in" and cell.may == nobody
        for cell in cells
        if "read" in operations
    )
    if resource.is_account or "create" not in operations or not hidden:
        return
    try:
        row = stage.make(resource.name, by="alice")
    except (ScaffoldRefused, RecursionError) as error:
        left_out.append(f"a stranger at a {resource.name}: {error}")
        return
    path = f"/{resource.path}"
    if stage.person("alice").get(f"{path}/{row['id']}").status != 200:  # noqa: PLR2004 - HTTP's OK
        left_out.append(f"a stranger at a {resource.name}: who makes one does not see it")
        return
    one = snake(resource.name)
    name = f"test_a_stranger_sees_nothing_of_somebody_elses_{one}"
    text = (
        f'def {name}(stage: Rehearsal) -> None:\n    {one} = stage.make("{resource.name}", by="alice")\n'
        f'    alice, mallory = stage.person("alice"), stage.person("mallory")\n'
        f"    assert alice.get(f\"{path}/{{{one}['id']}}\").status == 200\n"
        f"    assert mallory.get(f\"{path}/{{{one}['id']}}\").status == 404\n"
        f'    assert mallory.get("{path}").body["items"] == []\n'
    )
    yield Block(name, text, (REHEARSAL,))


def _many(resource: ResourcePlan) -> str:
    return snake(plural(resource.name))
