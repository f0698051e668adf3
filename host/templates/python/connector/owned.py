"""The owned fields of a client as a target shows them, and their fingerprint."""

import hashlib
import json

from wit_world.imports.client import Attribute


def unordered(values):
    """A list whose order says nothing."""
    return [json.loads(one) for one in sorted({_json(value) for value in values or []})]


def attributes(fields):
    """Fields by name, in a form in which equal ones look equal: what is empty is not there, what is no text is JSON."""
    written = {name: value if isinstance(value, str) else _json(value) for name, value in sorted(fields.items())}
    return [Attribute(name, text) for name, text in written.items() if text not in ("", "null", "[]", "{}")]


def fingerprint(fields):
    """A short text that changes with every field."""
    text = _json([[one.name, one.value] for one in attributes(fields)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
