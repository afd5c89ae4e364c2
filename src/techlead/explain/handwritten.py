"""What a hand-written version of a resource would have been: model, DTOs, mapper, service and controller, as Python.

It is an explanation, and nothing runs it: it shows in the words of FastAPI and SQLAlchemy what is derived, so that a
reader sees what there is, and what nobody has to write and to review.
"""

from __future__ import annotations

import keyword
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from techlead.declare.access import AllOf, AnyOf, Anyone, Member, Nobody, Not, Owner, Policy, Role, SignedIn, The
from techlead.declare.types import Sensitivity
from techlead.derive.plan import ActionPlan, FieldPlan, Operation, Plan, ResourcePlan
from techlead.derive.words import type_words
from techlead.explain.reading import effects_asked

MARK: Final = "# An explanation of what techlead derives; nothing runs it."
PYTHON: Final = {
    "text": "str", "email": "str", "url": "str", "webhook_url": "str", "integer": "int", "decimal": "Decimal",
    "money": "Money", "boolean": "bool", "timestamp": "datetime", "date": "date", "json": "dict[str, Any]",
}  # fmt: skip


def handwritten(plan: Plan, resource: ResourcePlan) -> str:
    """Write the model, the DTOs, the mapper, the service and the controller of one resource."""
    parts = (_model(resource), *_bodies(resource), _answer(resource), _mapper(resource), *_service(plan, resource))
    routes = [one for one in plan.operations if one.resource == resource.name]
    controllers = [_route(resource, one) for one in routes]
    return "\n\n\n".join([f"{MARK}\n# {resource.name}: {len(routes)} operations", *parts, *controllers]) + "\n"


def _type(field: FieldPlan) -> str:
    if field.kind == "reference":
        base = "UUID"
    elif field.kind == "enum":
        base = f"Literal[{', '.join(map(repr, field.codec.schema['enum']))}]"
    else:
        base = PYTHON.get(field.kind, "str")
    return f"{base} | None" if field.nullable else base


def _model(resource: ResourcePlan) -> str:
    lines = [f"class {resource.name}Row(Table):", f'    __tablename__ = "{resource.table}"', "", "    id: Mapped[UUID] = mapped_column(primary_key=True)",
             "    revision: Mapped[int]", "    created_at: Mapped[datetime]"]  # fmt: skip
    for field in resource.stored:
        traits = [f'ForeignKey("{field.target}.id")'] if field.target else []
        traits += ["unique=True"] if field.spec.unique else []
        traits += ["index=True"] if field.spec.indexed else []
        lines.append(
            f"    {field.name}: Mapped[{_type(field)}] = mapped_column({', '.join(traits)})  # {type_words(field)}"
        )
    if resource.soft_delete:
        lines.append("    deleted_at: Mapped[datetime | None] = mapped_column(index=True)")
    return "\n".join(lines)


def _bodies(resource: ResourcePlan) -> Iterator[str]:
    writable = [one for one in resource.fields if one.writable]
    yield _body(
        f"Create{resource.name}", "What a caller sends to create one; anything else is refused.", writable, every=False
    )
    yield _body(f"Change{resource.name}", "What a caller sends to change one.", writable, every=True)
    for action in resource.actions:
        if action.body is not None:
            yield _body(
                f"{_camel(action.name)}{resource.name}",
                f"What a caller sends to {action.name}.",
                list(action.body.fields),
                every=False,
            )


def _body(name: str, words: str, fields: list[FieldPlan], *, every: bool) -> str:
    lines = [
        f"class {name}(BaseModel):",
        f'    """{words}"""',
        "",
        '    model_config = ConfigDict(extra="forbid", strict=True)',
    ]
    for field in fields:
        default = "" if field.required and not every else " = None" if every or field.nullable else " = DEFAULT"
        lines += [f"    {_safe(field.name)}: {_type(field)}{default}", f"    # {type_words(field)}"]
    return "\n".join(lines)


def _answer(resource: ResourcePlan) -> str:
    lines = [f"class {resource.name}Answer(BaseModel):", '    """What a caller reads of one; a field that it may not read is left out."""', "",
             "    id: str", "    revision: int"]  # fmt: skip
    lines += [
        f"    {_safe(one.name)}: {_type(one)}" + (" | None = None" if one.read is not None and not one.nullable else "")
        for one in resource.fields
        if one.readable
    ]
    return "\n".join(lines)


def _mapper(resource: ResourcePlan) -> str:
    lines = [f"def to_answer(row: {resource.name}Row, actor: Actor) -> {resource.name}Answer:", '    """Map a row to what this actor may read of it."""',
             f"    answer = {resource.name}Answer(", f'        id=public_id("{resource.prefix}", row.id),', "        revision=row.revision,"]  # fmt: skip
    lines += [
        f"        {_safe(one.name)}=row.{one.name}," for one in resource.fields if one.readable and one.read is None
    ]
    lines.append("    )")
    for one in resource.fields:
        if one.readable and one.read is not None:
            lines += [
                f"    if {_condition(one.read, resource)}:  # {one.read}",
                f"        answer.{one.name} = row.{one.name}",
            ]
    return "\n".join([*lines, "    return answer"])


def _service(plan: Plan, resource: ResourcePlan) -> Iterator[str]:
    secret = [one.name for one in resource.fields if one.sensitivity is not Sensitivity.PUBLIC]
    yield "\n".join([
        f"async def find_{resource.table}(session: AsyncSession, actor: Actor, row_id: UUID) -> {resource.name}Row:",
        '    """Find and lock a row that the actor may see; a foreign row and a missing one are the same 404."""',
        f"    row = await session.get({resource.name}Row, row_id, with_for_update=True)",
        f"    if row is None or not ({_condition(resource.access.read, resource)}):",
        "        raise HTTPException(404)",
        *([f"    # never logged: {', '.join(secret)}"] if secret else []),
        "    return row",
    ])  # fmt: skip
    for action in (*resource.on_create, *resource.actions):
        yield _act(plan, resource, action)


def _act(plan: Plan, resource: ResourcePlan, action: ActionPlan) -> str:
    body = f", body: {_camel(action.name)}{resource.name}" if action.body is not None else ""
    lines = [f"async def {action.name}_the_{resource.table}(session: AsyncSession, actor: Actor, row: {resource.name}Row{body}) -> None:",
             f'    """{action.description.splitlines()[0] if action.description else action.name}"""']  # fmt: skip
    if not isinstance(action.by, Nobody):
        lines += [f"    if not ({_condition(action.by, resource)}):", "        raise HTTPException(403)"]
    own = next((one.name for one in action.parameters if one.kind == "row"), "")
    for one in action.parameters:
        if one.kind == "reference" and one.via is not None and one.resource is not None:
            lines.append(
                f"    {one.name} = await session.get({one.resource}Row, {'row' if one.via[0] in ('', own) else one.via[0]}.{one.via[1]}, with_for_update=True)"
            )
        elif one.kind == "aggregate":
            lines.append(f"    {one.name} = await session.scalar(select(...))  # {one.aggregate}")
    for rule, _ in action.rules:
        lines += [
            f"    if not {rule.name}(...):  # {rule.because}".rstrip(),
            f"        raise HTTPException(409, {rule.message!r})",
        ]
    for asked in effects_asked(action):
        lines.append(f"    # {asked}")
        if asked.verb == "sends":
            told = next((one for one in plan.notifications if one.name == asked.what), None)
            ways = ", ".join(way.value for way in told.via) if told is not None else ""
            lines.append(f'    session.add(OutboxRow(notification="{asked.what}", about=row.id, ways={ways!r}))')
    lines.append(
        f'    session.add(HistoryRow(table="{resource.table}", row=row.id, actor=actor.id, action="{action.name}"))'
    )
    return "\n".join(lines)


def _route(resource: ResourcePlan, one: Operation) -> str:
    has_row = "{id}" in one.path
    body = {
        "create": f"Create{resource.name}",
        "update": f"Change{resource.name}",
        "register": f"Create{resource.name}",
        "change_me": f"Change{resource.name}",
    }.get(one.kind)
    action = next((found for found in resource.actions if found.name == one.action), None)
    if action is not None and action.body is not None:
        body = f"{_camel(action.name)}{resource.name}"
    parameters = ["request: Request", *(["id: str"] if has_row else []), *([f"body: {body}"] if body else [])]
    lines = [f'@router.{one.method.lower()}("{one.path}")', f"async def {one.name}({', '.join(parameters)}) -> Response:", f'    """{one.summary}"""',
             "    async with deadline(), sessions.begin() as session:", "        actor = await authenticate(session, request)"]  # fmt: skip
    if one.method != "GET":
        lines += ["        if kept := await kept_answer(session, actor, request):", "            return kept"]
    if has_row:
        lines.append(f'        row = await find_{resource.table}(session, actor, read_id("{resource.prefix}", id))')
    lines += [f"        {line}" for line in _does(resource, one, action, has_row=has_row)]
    return "\n".join(lines)


def _does(resource: ResourcePlan, one: Operation, action: ActionPlan | None, *, has_row: bool) -> Iterator[str]:
    condition = _condition(one.policy, resource)
    if one.kind == "list":
        yield f"rows = await page(session, {resource.name}Row, visible={condition!r}, query=request.query_params)"
        yield "return answer([to_answer(row, actor) for row in rows])"
        return
    if one.method == "GET":
        yield f"if not ({condition}):"
        yield "    raise HTTPException(404)"
        yield "return answer(to_answer(row, actor))"
        return
    if not has_row:
        yield f"row = {resource.name}Row()" if one.kind in ("create", "register") else "row = actor.account"
    yield f"if not ({condition}):"
    yield "    raise HTTPException(403)"
    if has_row and one.method != "GET":
        yield "match_etag(request, row)"
    if action is not None:
        yield f"await {action.name}_the_{resource.table}(session, actor, row{', body' if action.body is not None else ''})"
    elif one.kind == "delete":
        yield "row.deleted_at = now()" if resource.soft_delete else "await session.delete(row)"
    elif one.method != "GET":
        yield "apply(row, body, actor)"
        yield from (
            f"await {made.name}_the_{resource.table}(session, actor, row)"
            for made in (resource.on_create if one.kind == "create" else ())
        )
        yield f'session.add(HistoryRow(table="{resource.table}", row=row.id, actor=actor.id, action="{one.kind}"))'
    yield "return await keep(session, request, answer(to_answer(row, actor)))"


def _condition(policy: Policy, resource: ResourcePlan) -> str:
    """Write a policy as a condition on `row` and `actor`."""
    if isinstance(policy, AnyOf | AllOf):
        word = " or " if isinstance(policy, AnyOf) else " and "
        return word.join(
            f"({_condition(one, resource)})" if isinstance(one, AnyOf | AllOf) else _condition(one, resource)
            for one in policy.parts
        )
    if isinstance(policy, Not):
        return f"not ({_condition(policy.part, resource)})"
    atom = CONDITIONS.get(type(policy))
    return atom(policy, resource) if atom is not None else f"holds(row, {str(policy)!r})"


CONDITIONS: Final[Mapping[type[Policy], Callable[[Any, ResourcePlan], str]]] = {
    Anyone: lambda _policy, _resource: "True",
    Nobody: lambda _policy, _resource: "False",
    SignedIn: lambda _policy, _resource: "actor.signed_in",
    Owner: lambda _policy, resource: f"row.{resource.owner or 'id'} == actor.id",
    The: lambda policy, _resource: f"row.{'.'.join(policy.path)} == actor.id",
    Role: lambda policy, _resource: f'"{policy.name}" in actor.roles',
    Member: lambda policy, _resource: f"await is_member(session, actor, row, {str(policy)!r})",
}


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def lines_of(source: str) -> int:
    """Count lines of code: neither empty nor a comment alone."""
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in textwrap.dedent(source).splitlines())
