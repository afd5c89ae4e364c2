"""A rule or an action that could reach the world is refused with its line, a reason and a mend; ordinary ones are not."""

from __future__ import annotations

import linecache
import sysconfig

import pytest
from unit.declare.purity_backend import PRELUDE, PRELUDE_LINES, in_action, in_rule, is_known, judged, module_of

from techlead.declare.purity import class_impurities, impurities
from techlead.declare.purity.tables import METHODS, METHODS_REFUSED

REFUSED_IN_A_RULE = [
    # the world
    ("return datetime.now(UTC) > order.due", "`datetime.now()` reads the clock"),
    ("return datetime.utcnow() > order.due", "`datetime.utcnow()` reads the clock"),
    ("return date.today() > order.day", "`date.today()` reads the clock"),
    ("return dates.datetime.now() > order.due", "`dates.datetime.now()` reads the clock"),
    ("return datetime.fromtimestamp(order.at) > now", "`datetime.fromtimestamp()` reads the clock"),
    ("return now.astimezone().hour > 8", "`now.astimezone()` reads the clock"),
    ("return time.time() > 0", "`time` reads the clock"),
    ("return seconds() > 0", "`seconds` reads the clock"),
    ("return urllib.request.urlopen('https://example.com')", "`urllib` reaches the network"),
    ("return fetch('https://example.com')", "`fetch` reaches the network"),
    ("return socket.create_connection(('example.com', 80))", "`socket` reaches the network"),
    ("return sqlite3.connect('a.db')", "`sqlite3` reaches the database"),
    ("return order.session.execute('select 1')", "`order.session.execute()` reaches the database"),
    ("return open('a')", "`open` reaches files"),
    ("return Path('a').read_text()", "`Path` reaches files"),
    ("return pathlib.Path('a').exists()", "`pathlib` reaches files"),
    ("return order.file.read()", "`order.file.read()` reaches files"),
    ("logger.info('seen')\nreturn True", "`logger` writes a log"),
    ("print(order)\nreturn True", "`print` writes a log"),
    ("return logging.getLogger()", "`logging` writes a log"),
    ("return random.random() > 0", "`random` is random"),
    ("return uuid4()", "`uuid4` is random"),
    ("return uuid.uuid4()", "`uuid.uuid4` is random"),
    ("return os.environ['A']", "`os` reaches the process"),
    ("return subprocess.run('ls')", "`subprocess` reaches the process"),
    ("return sys.argv", "`sys` reaches the process"),
    ("return input()", "`input` reaches the process"),
    ("return asyncio.sleep(1)", "`asyncio` waits"),
    ("return order.future.result()", "`order.future.result()` waits"),
    # what changes
    ("return order in SEEN", "`SEEN` is mutable"),
    ("return PRICES['a'] > 0", "`PRICES` is mutable"),
    ("return order.name in NAMES", "`NAMES` is mutable"),
    ("return order in MIXED", "`MIXED` holds something that is no constant"),
    ("return Shelf.A", "`Shelf` has a member whose value is no constant"),
    ("SEEN[0] = order\nreturn True", "`SEEN` is mutable"),
    ("return PLAIN(order)", "`PLAIN` is an object of Plain"),
    ("return Plain.total", "`Plain` is a class that a pure function may not name"),
    ("order.tags.append('a')\nreturn True", "`order.tags.append()` changes a value in place"),
    ("return order.meta.pop('a')", "`order.meta.pop()` changes a value in place"),
    ("order.meta['a'] = 1\nreturn True", "`order.meta['a']` changes what it did not make"),
    ("own = order.meta\nown['a'] = 1\nreturn True", "`own['a']` changes what it did not make"),
    ("own = [1]\nown[1:] = [2]\nreturn True", "`own[1:]` changes what it did not make"),
    ("tags = order.meta['tags']\ntags += ['a']\nreturn True", "`tags += ['a']` may change a value in place"),
    ("own = {}\nown['a'] += 1\nreturn True", "`own['a'] += 1` may change a value in place"),
    ("order.status = Status.SHIPPED\nreturn True", "`order.status` assigns to a field, and facts are frozen"),
    ("[0 for order.status in OPEN]\nreturn True", "`order.status` assigns to a field"),
    # syntax
    ("import os\nreturn True", "`import os` imports while it runs"),
    ("from os import path\nreturn True", "`from os import path` imports while it runs"),
    ("global SEEN\nreturn True", "`global SEEN` reaches for a global name"),
    ("try: return order.a\nexcept Exception: return False", "`try:` swallows errors"),
    ("try: return order.a\nexcept* ValueError: pass", "`try:` swallows errors"),
    ("while True: pass", "`while True:` loops without a bound"),
    ("with open('a') as file: return True", "opens something with `with`"),
    ("with order.lock: return True", "opens something with `with`"),
    ("raise ValueError('no')", "`raise ValueError('no')` raises"),
    ("assert order.paid\nreturn True", "`assert order.paid` asserts"),
    ("del order.status\nreturn True", "`del order.status` deletes"),
    ("def inner(): return 1\nreturn inner()", "`def inner():` defines a function inside"),
    ("class Inner: pass\nreturn True", "`class Inner:` defines a class inside"),
    ("yield placed.send(order)", "`yield placed.send(order)` yields, and only an action"),
    ("order.status\nreturn True", "`order.status` does nothing"),
    ("later = lambda: order\nreturn True", "is a lambda outside sorted"),
    ("return order.a @ order.b ** order.c", "is a power that is no constant"),
    ("return 10 ** 1000", "`10 ** 1000` is a power that is no constant up to 64"),
    ("return 1 << order.bits", "`1 << order.bits` is a power"),
    # numbers
    ("return order.total * 1.19 > 5", "`1.19` is a float"),
    ("return order.total * SHARE > 5", "`SHARE` is a float"),
    ("return float(order.total) > 5", "`float` makes a float"),
    ("return math.floor(order.total)", "`math` makes a float"),
    ("return round(order.total, order.digits)", "rounds to digits that are no constant"),
    ("return order.at > NAIVE", "`NAIVE` is a datetime without a time zone"),
    ("return 3j", "`3j` is a float"),
    # loops and recursion
    ("return [i for i in range(order.quantity)]", "`range(order.quantity)` has no constant bound"),
    ("for i in range(10**2): pass\nreturn True", "`range(10 ** 2)` has no constant bound"),
    ("for i in range(10_001): pass\nreturn True", "`range(10001)` turns more than 10,000 times"),
    ("for i in range(0, 9, 0): pass\nreturn True", "turns more than"),
    ("for i in itertools.count(): pass", "`itertools` can run without end"),
    ("return next(iter(order.rows))", "`next` can run without end"),
    ("return again(order)", "`again` leads back to itself"),
    ("return ping(order)", "`ping` leads back to itself"),
    ("return circular(order)", "`circular` leads back to itself"),
    # names of ours and of nobody
    ("return missing(order)", "`missing` is not defined"),
    ("return order.placed_at < now_", "`now_` is not defined"),
    ("return cancel(order)", "`cancel` is an action: its policy and its rules would be passed over"),
    ("return role('admin')", "`role` comes from a library"),
    ("return placed", "`placed` is a declaration"),
    ("return placed.origin", "`placed.origin` leads into the runtime"),
    ("return is_placed.function", "`is_placed.function` leads into the runtime"),
    ("return Order.declaration", "`Order.declaration` leads into the runtime"),
    ("return order.declaration.actions", "`order.declaration` leads into the runtime"),
    ("return order._values", "`order._values` is private"),
    ("return order.send(order)", "`order.send()` reaches the network"),
    ("return order.summary()", "`order.summary()` is no method that a pure function may call"),
    ("return Status.placed", "`Status.placed` is no method"),
    ("return WORDS.match(order.name)", "`WORDS` is a pattern"),
    ("return re.match('a', order.name)", "`re` is a pattern"),
    ("return GRACE(order)", "`GRACE` is a value, and is called"),
    ("return contextlib.suppress(order)", "`contextlib` is a module, which can reach anything"),
    ("return contextlib", "`contextlib` is a module, which can reach anything"),
    ("return namedtuple('a', 'b')", "`namedtuple` comes from a library"),
    ("return Odd.A", "`Odd` is an Enum with a metaclass of its own"),
    ("return Told.A", "`print` writes a log"),
    ("lines = sum(order.lists, [])\nlines += [1]\nreturn True", "may change a value in place"),
    ("lines = order.lists[0]\nlines += [1]\nreturn True", "may change a value in place"),
    ("return Enum('New', 'A B')", "`Enum` is an Enum without members"),
    ("return cached(order)", "`cached` keeps a cache between calls"),
    ("return repr(order)", "`repr` is not one of the built-in functions"),
    ("for one in map(range, order.sizes): pass\nreturn True", "`range` is called without a name"),
    ("return types.sys", "`types` runs or inspects code"),
    ("return isinstance(order, (Path, Order))", "`Path` reaches files"),
    ("return isinstance(open('a'), str)", "`open` reaches files"),
    ("return max(*order.parts)", "`max(*order.parts)` hides what is passed"),
    ("return list(filter(1.5, order.names))", "`1.5` is a float"),
    ("try: print(order)\nexcept Exception: open('a')", "`print` writes a log"),
    ("try: print(order)\nexcept Exception: open('a')", "`open` reaches files"),
    ("with order.lock: print(order)", "`print` writes a log"),
    ("order.status: Status = Status.PLACED\nreturn True", "`order.status` assigns to a field"),
    ("order.price += FEE\nreturn True", "`order.price` assigns to a field"),
    ("day: date = date.today()\nreturn True", "`date.today()` reads the clock"),
    ("total = 0\ntotal += open('a')\nreturn True", "`open` reaches files"),
    ("match order:\n    case Order(price=os.sep): return True", "`os` reaches the process"),
    ("return {1: open(name) for name in order.names}", "`open` reaches files"),
    ("return tier.__name__", "`tier.__name__` is private"),
    ("return tier.cache", "`tier.cache` is no method"),
    ("return len.real", "`len.real` is no method"),
    ("return Loud.A.shout", "`open` reaches files"),
    ("return deep(order)", "`SEEN` is mutable"),
    ("return is_watched(order)", "`SEEN` is mutable"),
    ("return hash(order.name) > 0", "`hash` differs from process to process"),
    ("return id(order) > 0", "`id` differs from process to process"),
    ("return notify(order)", "`yield placed.send(order)` yields, and only an action itself"),
    ("return now.strftime('%A')", "`now.strftime()` depends on the machine"),
    ("return decimal.getcontext()", "`decimal.getcontext` comes from a library"),
    ("return dates", "`dates` is a module, used as a value"),
]

REFUSED_IN_AN_ACTION = [
    ("placed.send(order)", "`placed.send(order)` does nothing"),
    ("other = order\nother.status = Status.PLACED", "`other.status` assigns to what is no parameter"),
    ("order.listing.status = Status.PLACED", "`order.listing.status` assigns to what is no parameter"),
    ("Status.PLACED.label = 'x'", "`Status.PLACED.label` assigns to what is no parameter"),
    ("for order in Status: order.label = 'x'", "`order.label` assigns to what is no parameter"),
    ("order = Status.PLACED\norder.label = 'x'", "`order.label` assigns to what is no parameter"),
    ("[0 for order in Status for order.label in OPEN]", "`order.label` assigns to what is no parameter"),
    ("order._mode = 'new'", "`order._mode` is private"),
    ("order.declaration = 1", "`order.declaration` leads into the runtime"),
    ("order.meta |= {'a': 1}", "`order.meta |= {'a': 1}` may change a value in place"),
    ("answer = yield placed.send(order)", "`(yield placed.send(order))` reads the value of a yield"),
    ("answer = yield from order.others", "reads the value of a yield"),
    ("yield from cancel(order)", "`cancel` is an action"),
    ("yield from notify(order)", "yields, and only an action itself"),
    ("order.assign_value('status', 1)", "`order.assign_value()` runs or inspects code"),
    ("yield create(Order(price=Money('1.00', 'EUR'), **order.meta))", "hides what is passed"),
    ("yield order.send(listing)", "`order.send()` reaches the network"),
]

ALLOWED_IN_A_RULE = [
    "return order.status is Status.PLACED",
    "return order.status in OPEN and order.price > FEE",
    "return order.status in (Status.PLACED, Status.SHIPPED)",
    "return now - order.placed_at < GRACE",
    "return now < order.placed_at + timedelta(hours=12) and now >= START",
    "return (order.due - now).total_seconds() > 3600",
    "return now.astimezone(BERLIN).hour >= 8",
    "return datetime.fromisoformat('2026-01-01T00:00:00+00:00') < now",
    "return datetime.fromtimestamp(order.at, tz=UTC) < now",
    "return dates.timedelta(days=1) < now - order.at",
    "return order.total * RATE <= Decimal('10.00')",
    "return order.total.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP) > 0",
    "return order.total.quantize(Decimal(1), decimal.ROUND_HALF_UP) > 0",
    "return order.price * 3 + FEE >= Money('10.00', 'EUR')",
    "return all(line.quantity > 0 for line in order.lines)",
    "return sum(line.quantity for line in order.lines if line.status is Status.PLACED) <= 12",
    "return max((line.price for line in order.lines), default=FEE) > FEE",
    "return sorted(order.lines, key=lambda line: (line.price, line.name))[0].price > FEE",
    "return list(map(str.lower, order.names)) == ['a'] and list(filter(None, order.names)) != []",
    "return list(map(tier, order.quantities)) == []",
    "return order.title.strip().lower().startswith('a') and len(order.title) <= 80",
    "return f'{order.price}: {order.title!r:>20}' != ''",
    "return tier(order.quantity) > RATE",
    "return is_placed(order) and not is_placed_now(order)",
    "return isinstance(order, Order) and isinstance(order.note, str | None)",
    "return cast(Order, order).status is Status('placed')",
    "return Level(order.level).is_high and Status['PLACED'] is order.status",
    "return isinstance(order, (Order, Status)) and len(range(-3, 3, 2)) == order.size",
    "rest = -1 if order.a else order.b + MONTHS\nrest += 1\nfee = Decimal('1') - RATE\nfee *= 2\nreturn rest > fee",
    "limit = MONTHS\nlimit -= 1\nitems = sum(order.sizes)\nitems += 1\nreturn items < limit",
    "total = 0\nfor line in order.lines:\n    total += line.quantity\nreturn total <= MONTHS",
    "for month in range(MONTHS):\n    if month == order.month:\n        continue\n    break\nreturn True",
    "seen = {}\nfor line in order.lines:\n    seen[line.name] = seen.get(line.name, 0) + 1\nreturn max(seen.values()) < 2",
    "match order.status:\n    case Status.PLACED | Status.SHIPPED: return True\n    case _: return False",
    "match order.meta:\n    case {'kind': str(kind), **rest}: return kind != '' and not rest\nreturn False",
    "if (lines := [line for line in order.lines if line.open]) and len(lines) > 1:\n    return False\nreturn True",
    "first, *others = order.lines\nreturn first.price > FEE and not others",
    "price: Money\nprice = order.price\nreturn price > FEE",
    "price: Missing = order.price\nreturn price > FEE",
    "return {**order.meta, 'a': 1} != {} and {line.name for line in order.lines} <= {'a'}",
    "return order.price.allocate([1, 2])[0] > FEE and Money.of_minor(5, 'EUR') < FEE",
    "return divmod(order.minutes, 60) == (1, 30) and round(order.share, 2) == 1 and 2 ** 10 > order.size",
    "'''A docstring says what it is for.'''\nreturn order.id != UUID('00000000-0000-0000-0000-000000000000')",
]

ALLOWED_IN_AN_ACTION = [
    "order.status = Status.SHIPPED\nlisting.status = Status.PLACED\nyield placed.send(order)",
    "listing.stock -= order.quantity\norder.shipped_at = now",
    "seat = Order(status=Status.PLACED, price=order.price)\nyield create(seat)\nyield placed.send(seat)",
    "if listing.stock < order.quantity:\n    yield refuse(f'Only {listing.stock} left.')\n    return\nlisting.stock -= 1",
    "yield from (placed.send(one) for one in order.others)",
    "for part in order.price.split(3):\n    yield create(Order(price=part))\nyield delete(order)",
    "pass",
]


@pytest.mark.parametrize(("body", "words"), REFUSED_IN_A_RULE)
def test_a_rule_that_could_reach_the_world_is_refused_with_a_reason_that_names_it(body: str, words: str) -> None:
    found = in_rule(body)
    assert any(words in one.reason for one in found), found
    assert all(one.mend and one.line > 0 for one in found)


@pytest.mark.parametrize(("body", "words"), REFUSED_IN_AN_ACTION)
def test_an_action_may_only_assign_to_its_drafts_and_yield_effects(body: str, words: str) -> None:
    found = in_action(body)
    assert any(words in one.reason for one in found), found


@pytest.mark.parametrize("body", ALLOWED_IN_A_RULE)
def test_an_ordinary_rule_is_allowed(body: str) -> None:
    assert in_rule(body) == ()


@pytest.mark.parametrize("body", ALLOWED_IN_AN_ACTION)
def test_an_ordinary_action_is_allowed(body: str) -> None:
    assert in_action(body) == ()


def test_a_helper_is_reported_at_its_own_line() -> None:
    (found,) = {one.line for one in in_rule("return deep(order)")}
    assert PRELUDE.splitlines()[found - 1] == "    SEEN.append(order)"


def test_the_line_is_that_of_the_fault() -> None:
    found = in_rule("first = order.title\nif first:\n    return datetime.now() > order.due\nreturn True")
    assert [one.line - PRELUDE_LINES for one in found] == [4]
    assert found[0].file.startswith("backend_")
    assert "ask for `now: datetime`" in found[0].mend


def test_each_fault_is_reported_once_and_all_are() -> None:
    found = in_rule("print(order)\nprint(order)\nreturn tier(1) and tier(2) and peek(1) and peek(2) and open('a')")
    assert [one.reason.split()[0] for one in found if one.line > PRELUDE_LINES] == ["`print`", "`print`", "`open`"]
    assert len(found) == len(set(found))


def test_a_file_that_cannot_be_parsed_is_refused() -> None:
    names: dict[str, object] = {"__name__": "backend_broken"}
    exec(compile("def judged(order): return True", "backend_broken.py", "exec"), names)
    linecache.cache["backend_broken.py"] = (1, None, ["def def\n"], "backend_broken.py")
    (found,) = impurities(names["judged"], role="rule", known=is_known)
    assert "cannot be parsed" in found.reason


def test_a_name_that_its_closure_has_not_yet_is_refused() -> None:
    source = "def make():\n    def judged(order): return later > 1\n    return judged\n    later = 1\njudged = make()"
    assert [one.reason for one in judged(source)] == ["`later` is not defined"]


def test_the_methods_of_a_resource_are_judged_too() -> None:
    class Parcel:
        limit = 3

        @property
        def is_late(self) -> bool:
            return input() is None

        @staticmethod
        def weight() -> int:
            return 3

    assert ["`input`" in one.reason for one in class_impurities(Parcel, known=is_known)] == [True]


def test_what_is_not_known_is_denied() -> None:
    function = module_of(f"{PRELUDE}def judged(order):\n    yield placed.send(order)\n", "backend_unknown")["judged"]
    assert impurities(function, role="action", known=is_known) == ()
    (found,) = impurities(function, role="action", known=lambda _: False)
    assert "`placed` is an object of Notification" in found.reason


def test_a_helper_of_another_module_is_judged_and_a_library_is_refused() -> None:
    other = module_of("def fee(order):\n    return open(order)\n", "shop_fees")
    (found,) = judged("def judged(order): return fee(order)", fee=other["fee"])
    assert (found.file, found.line, found.reason) == ("shop_fees.py", 2, "`open` reaches files")
    (found,) = judged("def judged(order): return fee(order)", fee=pytest.approx)
    assert "`fee` comes from a library" in found.reason


def test_a_backend_that_is_installed_may_call_its_own_helpers_and_no_library() -> None:
    folder = f"{sysconfig.get_path('purelib')}/"
    fee = module_of("def fee(order):\n    return order.fee\n", "shop.fees", folder)["fee"]
    text = "def judged(order):\n    return fee(order)\n"
    assert impurities(module_of(text, "shop.rules", folder, fee=fee)["judged"], role="rule", known=is_known) == ()
    (found,) = impurities(module_of(text, "other.rules", folder, fee=fee)["judged"], role="rule", known=is_known)
    assert "`fee` comes from a library" in found.reason


def test_only_methods_that_read_their_own_zone_are_in_both_tables() -> None:
    assert METHODS & set(METHODS_REFUSED) == {"astimezone"}
