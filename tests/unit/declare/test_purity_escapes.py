"""Nobody gets out: not by a trick, not by another function than the one that is written, not by nesting."""

from __future__ import annotations

from textwrap import indent

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from unit.declare.purity_backend import compiles, in_action, in_rule, judged

ESCAPES = {
    "getattr finds any name": "return getattr(order, '__class__')",
    "a class leads to all classes": "return ().__class__.__bases__[0].__subclasses__()",
    "a format string reads attributes": "return '{0.__class__}'.format(order)",
    "format by way of map": "return list(map('{0.__class__}'.format, [order]))",
    "format by way of map of map": "return list(map(map, ['{0.__class__}'.format], [[order]]))",
    "format by way of a key": "return sorted([order], key='{0.__class__}'.format)",
    "a type's own format": "return str.format('{0.__class__}', order)",
    "a function's globals": "return tier.__globals__['os']",
    "a rule's module": "return is_placed.origin.names['os']",
    "a generator's frame": "return (line for line in order.lines).gi_frame.f_back.f_globals",
    "a frame by its last attribute": "return order.rows.f_globals",
    "a class pattern reads attributes": "match order:\n    case Order(__class__=found): return found",
    "a class pattern of an object": "match order:\n    case object(): return True",
    "a class pattern of a private name": "match order:\n    case Order(_values=found): return found",
    "a value pattern reads globals": "match order:\n    case os.sep: return True",
    "a comprehension's name is not the function's": "return [open for open in [1]] and open('a')",
    "the first iterable is read outside": "return [open for open in open('a')]",
    "a lambda's parameter is not the function's": "return sorted([], key=lambda open: open) or open('a')",
    "a lambda's default": "return sorted(order.lines, key=lambda line, f=open: f(line))",
    "a walrus in a lambda's default": "return sorted([], key=lambda line, _=(len := '{0.a}'.format): 1) or len(order)",
    "a walrus renames": "return (f := open)('a')",
    "a walrus in a comprehension": "return [f := open for _ in [1]] and f('a')",
    "a lambda called at once": "return (lambda name: open(name))('a')",
    "a call of what a call gives": "return order.reader()('a')",
    "a function out of a tuple": "return (open,)[0]('a')",
    "a loop over functions": "for f in (tier, tier): return f(order)",
    "a parameter is called": "return order(now)",
    "a function that calls itself by a parameter": "return (lambda f: f(f))(lambda f: f(f))",
    "a higher-order function under another name": "m = map\nreturn list(m('{0.a}'.format, [order]))",
    "a type under another name": "t = datetime\nreturn t.now()",
    "starred arguments hide a function": "return list(map(*order.parts))",
    "keywords hide a function": "return sorted(order.lines, **order.meta)",
    "a global shadows a builtin": "return ord('a')",
    "a module by its dunder": "return __builtins__['open']('a')",
    "an import by its dunder": "return __import__('os').environ",
    "a special name": "return __name__ == '__main__'",
    "an attribute of a module": "return dates.sys.modules",
    "a partial": "return shorter(2)",
    "a bound method": "return shout()",
    "a callable object": "return PLAIN(order)",
    "an operator's getter": "return operator.attrgetter('__class__')(order)",
    "a loop that grows what it loops over": "own = [1]\nfor one in own:\n    own += [one]\nreturn True",
    "a type made at run time": "return type('T', (), {})",
    "a super class": "return super()",
    "an eval": "return eval('1')",
    "a class that is passed on": "return str(Order)",
    "an assignment expression of a private name": "return (__x := 1)",
    "a fields's setter": "return setattr(order, 'status', 1)",
    "a decimal from a float": "return Decimal.from_float(order.share)",
}


@pytest.mark.parametrize("body", ESCAPES.values(), ids=ESCAPES.keys())
def test_an_escape_is_refused(body: str) -> None:
    assert in_rule(body)
    assert in_action(body)


WHAT_RUNS = [
    ("judged = functools.partial(print)", "`partial` object is no plain function"),
    ("judged = PLAIN", "`Plain` object is no plain function"),
    ("judged = PLAIN.__call__", "`method` object is no plain function"),
    ("judged = print", "is no plain function"),
    ("judged = Order", "is no plain function"),
    ("@logged\ndef judged(order, now): return True", "is wrapped by a decorator, and the wrapper is what runs"),
    ("@sneaky\ndef judged(order, now): return True", "`print` writes a log"),
    ("async def judged(order, now): return True", "`async def judged` is async"),
    ("judged = eval('lambda order: open(order)')", "has no source that can be read"),
    ("exec('def judged(order): return open(order)')", "has no source that can be read"),
    ("def judged(order, os=os): return os.environ", "the default `os` reaches the process"),
    ("def judged(order, *, seen=[]): return True", "the default `list` is mutable"),
    ("def judged(order, of=Order): return True", "the default `Order` is no constant"),
    ("judged = reads_secret", "`secret` reaches files"),
    ("judged = reads_lines", "`lines` is mutable"),
    ("def judged(order): return True\njudged.__code__ = compile('x', 'a', 'eval')", "has no source"),
    ("def judged(order): return True\njudged.__code__ = judged.__code__.replace(co_names=('os',))", "does not run as"),
    ("def judged(order): return True\njudged.__code__ = judged.__code__.replace(co_firstlineno=1)", "is not where"),
    ("judged, other = (lambda order: True), (lambda order: open('a'))", "is one of several lambdas on its line"),
    ("judged = lambda order: open('a')", "`open` reaches files"),
]


@pytest.mark.parametrize(("source", "words"), WHAT_RUNS)
def test_what_runs_is_judged_and_not_what_was_decorated(source: str, words: str) -> None:
    found = judged(source)
    assert any(words in one.reason for one in found), found


@pytest.mark.parametrize(
    "source",
    [
        "@kept\ndef judged(order: open('/dev/null', 'rb').close, now: Missing = None) -> 1.5: return True",
        "judged = lambda order: f'{order.title} ({order.status.value})'",
        "judged = reads_limit",
        "def judged(order, least=MONTHS, status=Status.PLACED): return order.quantity > least",
    ],
)
def test_decorators_annotations_and_constant_defaults_are_not_judged(source: str) -> None:
    source = source.replace(": open('/dev/null', 'rb').close", ": 'open()'").replace("Missing", "datetime | None")
    assert judged(source) == ()


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    shapes = [
        "({0}, order.a)", "[{0}]", "{{'a': {0}}}", "{{{0}}}", "not {0}", "({0}) + 1", "order.a < ({0})",
        "(1 if {0} else 2)", "(1 if order.a else {0})", "(order.a and {0})", "f'{{({0})}}'", "f'{{order.a:{{({0})}}}}'",
        "[({0}) for x in order.a]", "[x for x in [{0}]]", "[x for x in order.a if {0}]", "{{x: {0} for x in order.a}}",
        "any({0} for x in order.a for y in order.b)", "sorted(order.a, key=lambda x: {0})", "len([{0}])",
        "order.a[{0}]", "order.a[1:({0})]", "tier({0})", "Order(status={0})", "placed.send({0})", "(y := {0})",
        "max(order.a, default={0})", "order.title.replace('a', {0})", "({0}).title", "[*[{0}]]", "({0})[0]",
        "list(map(lambda x: {0}, order.a))", "isinstance({0}, str)", "min([{0}], key=str.lower)", "str({0}).strip()",
    ]  # fmt: skip
    return st.builds(str.format, st.sampled_from(shapes), inner)


FORBIDDEN = ["open('a')", "datetime.now()", "os.environ", "SEEN", "order.tags.append(1)", "getattr(order, 'a')", "1.5"]
STATEMENTS = [
    "return {0}", "x = {0}\nreturn x", "x: int = {0}\nreturn x", "if {0}: return 1", "for x in [{0}]: pass",
    "for x in order.a:\n    if x: return {0}", "match {0}:\n    case 1: return 1",
    "match order.a:\n    case 1 if {0}: return 1", "x = 1\nx += int({0})\nreturn x", "x, *y = [{0}]\nreturn x",
    "own = {{}}\nown[{0}] = 1\nreturn own", "if order.a: pass\nelif order.b: pass\nelse: return {0}",
]  # fmt: skip


@given(
    st.recursive(st.sampled_from(FORBIDDEN), _grown, max_leaves=6).filter(lambda text: text not in FORBIDDEN),
    st.sampled_from(STATEMENTS),
    st.sampled_from(["rule", "action"]),
)
def test_a_forbidden_call_is_found_however_deep_it_stands(expression: str, statement: str, role: str) -> None:
    body = statement.format(expression)
    source = f"def judged(order, now):\n{indent(body, '    ')}\n"
    assume(compiles(source))
    reasons = " ".join(one.reason for one in judged(source, role=role))
    forbidden = next(one for one in FORBIDDEN if one in expression)
    assert f"`{forbidden.split('(')[0].split('.environ')[0]}" in reasons


@given(st.sampled_from(STATEMENTS), st.recursive(st.sampled_from(["order.b", "7"]), _grown, max_leaves=4))
def test_the_same_nesting_of_what_is_allowed_is_allowed(statement: str, expression: str) -> None:
    source = f"def judged(order, now):\n{indent(statement.format(expression), '    ')}\n"
    assume(compiles(source))
    assert judged(source) == ()
