"""What a handler takes, read from its source where no schema says it: schema classes it names, keys it looks up in a body or query."""

import ast
import inspect
import os
import textwrap

from techlead_child import schema

DEPTH_MAX = 3
BODY_ATTRIBUTES = ("json", "form", "data", "POST", "values", "get_json", "body", "stream")
FORM_ATTRIBUTES = ("form", "POST", "values")
QUERY_ATTRIBUTES = ("args", "GET", "query_params")
FILE_ATTRIBUTES = ("files", "FILES")
OUTGOING = ("Out", "Response", "Read", "Public", "Output")
LIBRARIES = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep, os.sep + "lib" + os.sep + "python")


def inner(function):
    """The function below its decorators (and below what REST framework's api_view makes of it)."""
    seen = 0
    while seen < 20:
        seen += 1
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is None and _is_library(function):
            cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or () if _filled(cell)]
            wrapped = next((cell for cell in cells if inspect.isfunction(cell) and not _is_library(cell)), None)
        if wrapped is None:
            return function
        function = wrapped
    return function


def place(function):
    """`file:line`, or None."""
    code = getattr(inner(function), "__code__", None)
    return "%s:%d" % (code.co_filename, code.co_firstlineno) if code is not None else None


def methods_of(callback):
    """The methods that a plain Django view answers: what its source compares request.method with."""
    tree = _tree(inner(callback))
    found = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "method":
            for right in node.comparators:
                found.update(_constants(right))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require_http_methods":
            for given in node.args:
                found.update(_constants(given))
        if isinstance(node, ast.Name) and node.id in ("require_POST", "require_GET"):
            found.add(node.id[len("require_") :])
    return sorted(found & {"GET", "POST", "PUT", "PATCH", "DELETE"}) or ["GET", "POST"]


def mentions(function, text):
    """Whether a handler's source contains a text."""
    try:
        return text in inspect.getsource(inner(function))
    except (OSError, TypeError):
        return False


def shape_of(function):
    """{"body": JSON Schema or None, "query": [...], "media": ...} of a handler."""
    reading = _Reading()
    try:
        reading.function(inner(function), (), 0)
    except Exception:
        return {}
    return reading.shape()


def _filled(cell):
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True


def _is_library(function):
    code = getattr(function, "__code__", None)
    return code is None or any(part in code.co_filename for part in LIBRARIES)


def _tree(function):
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None


def _constants(node):
    """Texts in a constant, or in a tuple, list or set of them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return [text for item in node.elts for text in _constants(item)]
    return []


class _Reading:
    def __init__(self):
        self.schemas = []
        self.keys = {}
        self.query = {}
        self.files = {}
        self.form = False
        self.json = False
        self.seen = set()

    def shape(self):
        """Put together what was read."""
        query = [{"name": name, "type": kind} for name, kind in self.query.items()]
        media = "multipart/form-data" if self.files else ("form" if self.form and not self.json else None)
        body = _merged(self.schemas)
        if self.keys or self.files:
            body = body or {"type": "object", "properties": {}, "required": []}
            for name, required in self.keys.items():
                body["properties"].setdefault(name, {})
                if required and name not in body.setdefault("required", []):
                    body["required"].append(name)
            for name in self.files:
                body["properties"][name] = {"type": "file"}
        if body is not None and body.get("x-form"):
            media = media or "form"
        return {"body": body, "query": query, "media": media}

    def function(self, function, body_parameters, depth, bound=None):
        """Read one function; gives whether it returns the body (then its caller's variable is one).

        `bound` holds the texts that its parameters are called with: `text("email")` reads the key `email`.
        """
        bound = bound or {}
        known = (id(function), tuple(sorted((name, tuple(texts)) for name, texts in bound.items())))
        if known in self.seen or depth > DEPTH_MAX:
            return False
        self.seen.add(known)
        tree = _tree(function)
        if tree is None:
            return False
        names = dict(getattr(function, "__globals__", {}))
        free = getattr(getattr(function, "__code__", None), "co_freevars", ())
        for name, cell in zip(free, getattr(function, "__closure__", None) or ()):
            if _filled(cell):
                names[name] = cell.cell_contents
        return _Function(self, names, set(body_parameters), depth, bound).read(tree)


class _Function:
    def __init__(self, reading, names, bodies, depth, bound):
        self.reading = reading
        self.names = names
        self.bodies = bodies
        self.loops = dict(bound)
        self.depth = depth

    def read(self, tree):
        for node in ast.walk(tree):
            if isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.target, ast.Name):
                self.loops[node.target.id] = _constants(node.iter) or self._keys(node.iter)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and self._is_body(node.value):
                self.bodies.update(target.id for target in node.targets if isinstance(target, ast.Name))
            if isinstance(node, ast.NamedExpr) and self._is_body(node.value):
                self.bodies.add(node.target.id)
        for node in ast.walk(tree):
            self._node(node)
        returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None]
        return any(self._is_body(value) for value in returned)

    def _node(self, node):
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Subscript):
            for name in self._keys(node.slice):
                self._key(node.value, name, required=isinstance(node.ctx, ast.Load))
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            for name in self._keys(node.left):
                self._key(node.comparators[0], name, required=isinstance(node.ops[0], ast.NotIn))

    def _call(self, node):
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in ("get", "getlist", "pop") and node.args:
            for name in self._keys(node.args[0]):
                self._key(function.value, name, required=False, kind=self._kind_of(node))
        value = self._value(function)
        if value is None:
            return
        if schema.is_schema(value):
            if self._takes_body(node, value):
                self.reading.schemas.append(value)
            return
        for given in list(node.args) + [word.value for word in node.keywords]:
            found = self._value(given)
            if found is not None and schema.is_schema(found):
                self.reading.schemas.append(found)
        target = inner(value) if callable(value) else None
        if inspect.isfunction(target) and not _is_library(target):
            self._follow(node, target)

    def _takes_body(self, node, value):
        """Whether `Model(...)` or `Model.method(...)` reads what the caller sent, and does not write an answer."""
        if getattr(value, "__name__", "").endswith(OUTGOING):
            return False
        if any(word.arg == "data" for word in node.keywords):
            return True
        given = list(node.args) + [word.value for word in node.keywords if word.arg in (None, "obj", "json_data")]
        return any(self._is_body(one) for one in given)

    def _follow(self, node, target):
        parameters = list(inspect.signature(target).parameters)
        given = [parameters[at] for at, one in enumerate(node.args) if at < len(parameters) and self._is_body(one)]
        given += [word.arg for word in node.keywords if word.arg and self._is_body(word.value)]
        if given:
            for one in node.args:
                for name in _constants(one):
                    self.reading.keys.setdefault(name, True)
        self.reading.function(target, given, self.depth + 1, _bound(inspect.signature(target).parameters, node.args))

    def _value(self, node):
        """The object behind a name, an attribute of one, or a method of `Model.method`; None when it is not there."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._value(node.value)
            if inspect.ismodule(owner) or isinstance(owner, type) or schema.is_schema(owner):
                if schema.is_schema(owner):
                    return owner
                return getattr(owner, node.attr, None)
        return None

    def _keys(self, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.Name):
            return self.loops.get(node.id, [])
        if node.__class__.__name__ == "Index":  # Python 3.8
            return self._keys(node.value)
        return []

    def _kind_of(self, node):
        for word in node.keywords:
            if word.arg == "type" and isinstance(word.value, ast.Name):
                return {"int": "integer", "float": "number"}.get(word.value.id, "string")
        default = node.args[1] if len(node.args) > 1 else None
        if isinstance(default, ast.Constant) and isinstance(default.value, int) and not isinstance(default.value, bool):
            return "integer"
        return "string"

    def _key(self, container, name, required, kind="string"):
        attribute = _request_attribute(container)
        if attribute in QUERY_ATTRIBUTES:
            self.reading.query.setdefault(name, kind)
        elif attribute in FILE_ATTRIBUTES:
            self.reading.files[name] = True
        elif self._is_body(container):
            self.reading.form |= attribute in FORM_ATTRIBUTES
            self.reading.json |= attribute not in FORM_ATTRIBUTES
            self.reading.keys[name] = self.reading.keys.get(name, False) or required

    def _is_body(self, node):
        if isinstance(node, ast.Name):
            return node.id in self.bodies
        if isinstance(node, (ast.BoolOp,)):
            return any(self._is_body(value) for value in node.values)
        if isinstance(node, ast.Await):
            return self._is_body(node.value)
        if isinstance(node, ast.IfExp):
            return self._is_body(node.body) or self._is_body(node.orelse)
        if _request_attribute(node) in BODY_ATTRIBUTES:
            return True
        if isinstance(node, ast.Call):
            return self._is_body_call(node)
        return False

    def _is_body_call(self, node):
        if _request_attribute(node.func) in BODY_ATTRIBUTES:
            return True
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("loads", "to_dict", "copy", "dict"):
            return any(self._is_body(one) for one in node.args) or self._is_body(node.func.value)
        value = self._value(node.func)
        target = inner(value) if callable(value) and not isinstance(value, type) else None
        if inspect.isfunction(target) and not _is_library(target):
            fresh = _Reading()
            return fresh.function(target, (), self.depth + 1)
        return False


def _bound(parameters, given):
    """Parameter -> the texts a call gives it; `*names` takes all that are left."""
    bound = {}
    names = [name for name, one in parameters.items() if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    rest = [name for name, one in parameters.items() if one.kind == one.VAR_POSITIONAL]
    for at, one in enumerate(given):
        name = names[at] if at < len(names) else (rest[0] if rest else None)
        if name is not None and _constants(one):
            bound.setdefault(name, []).extend(_constants(one))
    return bound


def _request_attribute(node):
    """`json` of request.json, self.request.json, request.get_json(...); '' of anything else."""
    if isinstance(node, ast.Call):
        node = node.func
    if not isinstance(node, ast.Attribute):
        return ""
    owner = node.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return node.attr if name in ("request", "req", "r") else ""


def _merged(found):
    """One schema of all classes that a handler names; None of none."""
    schemas = [one for one in (schema.of(value) for value in found) if one and "properties" in one]
    if not schemas:
        return None
    merged = {"type": "object", "properties": {}, "required": [], "$defs": {}}
    for one in schemas:
        merged["properties"].update(one["properties"])
        merged["required"] += [name for name in one.get("required", []) if name not in merged["required"]]
        merged["$defs"].update(one.get("$defs", one.get("definitions", {})))
        if one.get("x-form"):
            merged["x-form"] = True
    return merged
