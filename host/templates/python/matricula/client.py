"""Clients and answers as the server reads them: a wrong type is told before the answer is given."""

import dataclasses
import typing

from wit_world.imports import decision
from wit_world.imports.client import Attribute, Client

MERGED = ("attributes", "registered_nodes", "authentication_flow_binding_overrides")


def client(**fields):
    """A client of these fields, the others absent."""
    nothing = {field.name: None for field in dataclasses.fields(Client)}
    return Client(**{**nothing, "attributes": [], **fields})


def violation(message, field=None, value=None, error=None, hint=None):
    """One thing that is wrong; the message is for the caller, the hint for the operator."""
    return decision.Violation(error, field, value, message, hint)


def amended(client, changes):
    """The client with the changes: present fields replace, attributes are merged and removed by an empty value."""
    present = {field.name: getattr(changes, field.name) for field in dataclasses.fields(changes)}
    present = {name: value for name, value in present.items() if value is not None}
    for name in MERGED:
        if name in present:
            entries = {entry.name: entry.value for entry in [*(getattr(client, name) or []), *present[name]]}
            present[name] = [Attribute(key, value) for key, value in entries.items() if value]
    return dataclasses.replace(client, **present)


def checked(answer, wanted, what):
    """The answer, if it and all that is in it has the types of the contract."""
    wrong = _wrong(answer, wanted)
    if wrong is not None:
        raise TypeError(f"{what}: {wrong}")
    return answer


def _wrong(value, wanted):
    """What has another type; None: nothing."""
    options = typing.get_args(wanted)
    kind = typing.get_origin(wanted) or wanted
    if kind is typing.Union:
        found = [_wrong(value, option) for option in options]
        # A value of one of the types is judged by that one.
        fits = [one for one, option in zip(found, options) if one is None or type(value) is option]
        return fits[0] if fits else f"{value!r:.100} is not expected"
    if not isinstance(value, kind) or kind is int and isinstance(value, bool):
        return f"{value!r:.100} is no {kind.__name__}"
    if kind is list:
        return next((wrong for one in value if (wrong := _wrong(one, options[0]))), None)
    if kind is str and not value.isascii():
        value.encode()  # Halves of characters raise here.
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            wrong = _wrong(getattr(value, field.name), field.type)
            if wrong is not None:
                return f"{field.name}: {wrong}"
    return None
