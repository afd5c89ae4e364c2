"""JSON Schema of the classes that frameworks validate with: pydantic, REST framework serializers, marshmallow, Django forms."""

import sys

DRF_TYPES = (
    ("BooleanField", {"type": "boolean"}),
    ("IntegerField", {"type": "integer"}),
    ("FloatField", {"type": "number"}),
    ("DecimalField", {"type": "string", "format": "decimal"}),
    ("EmailField", {"type": "string", "format": "email"}),
    ("URLField", {"type": "string", "format": "uri"}),
    ("UUIDField", {"type": "string", "format": "uuid"}),
    ("DateTimeField", {"type": "string", "format": "date-time"}),
    ("DateField", {"type": "string", "format": "date"}),
    ("TimeField", {"type": "string", "format": "time"}),
    ("FileField", {"type": "file"}),
    ("JSONField", {"type": "object"}),
    ("DictField", {"type": "object"}),
    ("PrimaryKeyRelatedField", {"type": "integer"}),
    ("SlugRelatedField", {"type": "string"}),
)
MARSHMALLOW_TYPES = (
    ("Boolean", {"type": "boolean"}),
    ("Integer", {"type": "integer"}),
    ("Decimal", {"type": "string", "format": "decimal"}),
    ("Float", {"type": "number"}),
    ("Email", {"type": "string", "format": "email"}),
    ("Url", {"type": "string", "format": "uri"}),
    ("UUID", {"type": "string", "format": "uuid"}),
    ("DateTime", {"type": "string", "format": "date-time"}),
    ("Date", {"type": "string", "format": "date"}),
    ("List", {"type": "array"}),
    ("Dict", {"type": "object"}),
)


def is_schema(value):
    """Whether of() can read it."""
    return _kind(value) is not None


def of(value):
    """The JSON Schema of a class (or instance), or None."""
    kind = _kind(value)
    try:
        return READERS[kind](value) if kind else None
    except Exception:
        return None


def _kind(value):
    cls = value if isinstance(value, type) else type(value)
    bases = {"%s.%s" % (base.__module__.split(".")[0], base.__name__) for base in cls.__mro__}
    if isinstance(value, type) and "pydantic.BaseModel" in bases and "pydantic" in sys.modules:
        return "pydantic" if cls.__module__.split(".")[0] != "pydantic" else None
    if isinstance(value, type) and "rest_framework.BaseSerializer" in bases:
        return "rest_framework" if cls.__module__.split(".")[0] != "rest_framework" else None
    if "marshmallow.Schema" in bases and cls.__module__.split(".")[0] != "marshmallow":
        return "marshmallow"
    if isinstance(value, type) and "django.BaseForm" in bases:
        return "django_form"
    if isinstance(value, type) and "msgspec.Struct" in bases:
        return "msgspec"
    return None


def _pydantic(cls):
    return cls.model_json_schema() if hasattr(cls, "model_json_schema") else cls.schema()


def _msgspec(cls):
    import msgspec

    found = msgspec.json.schema(cls)
    name = found.get("$ref", "").rpartition("/")[2]
    return dict(found["$defs"][name], **{"$defs": found["$defs"]}) if name else found


def _rest_framework(cls):
    return _serializer(cls(), 0)


def _serializer(serializer, depth):
    child = getattr(serializer, "child", None)
    if child is not None and not hasattr(serializer, "fields"):
        return {"type": "array", "items": _field(child, depth + 1)}
    properties, required = {}, []
    for name, field in serializer.fields.items():
        if field.read_only or type(field).__name__ == "HiddenField":
            continue
        properties[name] = _field(field, depth + 1)
        if field.required:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required}


def _names(field):
    return {base.__name__ for base in type(field).__mro__}


def _field(field, depth):
    names = _names(field)
    if "BaseSerializer" in names:
        return _serializer(field, depth) if depth < 4 else {"type": "object"}
    if "ListField" in names or "ManyRelatedField" in names or "MultipleChoiceField" in names:
        child = getattr(field, "child", None) or getattr(field, "child_relation", None)
        found = {"type": "array", "items": _field(child, depth + 1) if child is not None else {}}
    else:
        found = dict(next((shape for name, shape in DRF_TYPES if name in names), {"type": "string"}))
    if "ChoiceField" in names and "MultipleChoiceField" not in names:
        found["enum"] = list(field.choices)
    for ours, theirs in (
        ("minLength", "min_length"),
        ("maxLength", "max_length"),
        ("minimum", "min_value"),
        ("maximum", "max_value"),
    ):
        limit = getattr(field, theirs, None)
        if limit is not None:
            found[ours] = limit if isinstance(limit, int) else float(limit)
    queryset = getattr(field, "queryset", None)
    if queryset is not None:
        found["x-model"] = queryset.model.__name__
    if field.allow_null:
        found["nullable"] = True
    if getattr(field, "max_digits", None) is not None:
        found["x-digits"] = [field.max_digits, field.decimal_places]
    return found


def _marshmallow(value):
    made = value() if isinstance(value, type) else value
    properties, required = {}, []
    for name, field in made.fields.items():
        if getattr(field, "dump_only", False):
            continue
        names = _names(field)
        found = dict(next((shape for kind, shape in MARSHMALLOW_TYPES if kind in names), {"type": "string"}))
        for check in getattr(field, "validators", ()):
            if type(check).__name__ == "Length":
                found.update({"minLength": check.min or 0, **({"maxLength": check.max} if check.max else {})})
            if type(check).__name__ == "OneOf":
                found["enum"] = list(check.choices)
        key = getattr(field, "data_key", None) or name
        properties[key] = found
        if field.required:
            required.append(key)
    return {"type": "object", "properties": properties, "required": required}


def _django_form(cls):
    properties, required = {}, []
    for name, field in cls.base_fields.items():
        names = _names(field)
        properties[name] = dict(next((shape for kind, shape in DRF_TYPES if kind in names), {"type": "string"}))
        if field.required:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "x-form": True}


READERS = {
    "pydantic": _pydantic,
    "msgspec": _msgspec,
    "rest_framework": _rest_framework,
    "marshmallow": _marshmallow,
    "django_form": _django_form,
}
