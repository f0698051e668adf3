"""What a policy in Python is written with: `component` turns classes into what the server calls.

Types are those of the contract (wit/), in Python's spelling: `redirect-uris` is `redirect_uris`. What is absent is None.
`request` is the context: `request.caller.address`, `request.now`, … Nothing is kept from one call to the next.
For an editor that completes names: `.venv/bin/componentize-py --wit-path wit --world policy bindings .`
"""

import dataclasses

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import policies as contract
from wit_world.exports.policies import Hook
from wit_world.imports import config, decision
from wit_world.imports import facts, realm  # noqa: F401  what the server answers; for policies that ask
from wit_world.imports.client import Attribute, Client, ProtocolMapper  # noqa: F401  for policies that make them

HOOKS = {
    Hook.BEFORE_REGISTER: "before_register",
    Hook.AFTER_REGISTER: "after_register",
    Hook.BEFORE_UPDATE: "before_update",
    Hook.AFTER_UPDATE: "after_update",
    Hook.BEFORE_VIEW: "before_view",
    Hook.BEFORE_DELETE: "before_delete",
}


class Policy:
    """A kind of policy; an instance of it is one policy as an administrator set it up.

    The hooks of wit/policy.wit are methods that return a decision; the server asks at those that are there:

        before_register(self, request, proposed)
        after_register(self, request, client)
        before_update(self, request, proposed, stored)
        after_update(self, request, client, stored)
        before_view(self, request, stored)
        before_delete(self, request, stored)

    `allowed_origins(self, request)` names web origins that may register from a browser.
    """

    id = ""
    version = ""
    help_text = ""
    properties = []

    def __init__(self, settings):
        """Reads the settings; raises SettingError."""


class SettingError(Exception):
    """What is wrong with a setting; the administrator is told."""

    def __init__(self, property, message):
        super().__init__(message)
        self.property = property
        self.message = message


def Property(name, label="", help_text="", type="String", default_value=None, options=(), secret=False, required=False):
    """One setting in the form (record config-property in wit/config.wit)."""
    return config.ConfigProperty(name, label or name, help_text, type, default_value, list(options), secret, required)


def accept(*conditions):
    """No objection, if these conditions hold when the client is stored; usually there are none."""
    return decision.Decision_Accept(list(conditions))


def amend(**fields):
    """No objection, but change these fields. In after_register and after_update only."""
    nothing = {field.name: None for field in dataclasses.fields(Client)}
    return decision.Decision_Amend(Client(**{**nothing, "attributes": [], **fields}))


def hold(reason):
    """Store the client disabled until an administrator approves. In after_register only."""
    return decision.Decision_Hold(reason)


def reject(*violations):
    """Refuse the request."""
    return decision.Decision_Reject(list(violations))


def violation(message, field=None, value=None, error=None, hint=None):
    """One thing that is wrong; the message is for the caller, the hint for the operator."""
    return decision.Violation(error, field, value, message, hint)


def client_count_below(limit, otherwise):
    """A condition for `accept`: fewer than so many clients in the realm, else this violation."""
    return decision.Condition(decision.ConditionKind_ClientCountBelow(limit), otherwise)


class Settings:
    """The settings of one policy."""

    def __init__(self, entries):
        self._values = {entry.name: entry.values for entry in entries}

    def list(self, name):
        """Every value that is not blank."""
        return [value for value in self._values.get(name, []) if value.strip()]

    def text(self, name):
        """The value; None: there is none."""
        values = self.list(name)
        if len(values) > 1:
            raise SettingError(name, f"'{name}' should be a single entry")
        return values[0] if values else None

    def number(self, name):
        """The value as a whole number."""
        text = self.text(name)
        try:
            return None if text is None else int(text)
        except ValueError:
            raise SettingError(name, f"'{name}' should be a number") from None

    def switch(self, name):
        """The value as True or False."""
        text = self.text(name)
        if text not in (None, "true", "false"):
            raise SettingError(name, f"'{name}' should be 'true' or 'false'")
        return None if text is None else text == "true"


def component(*kinds):
    """What the server calls, made of classes; assign it to the name `Policies`."""

    def read(policy):
        for kind in kinds:
            if kind.id == policy.provider:
                return kind(Settings(policy.config))
        raise SettingError(None, f"this component has no policy provider '{policy.provider}'")

    def decide(hook, context, clients, policy):
        try:
            return getattr(read(policy), HOOKS[hook])(context, *clients)
        except SettingError as error:
            hint = f"{error.message} (setting '{error.property}')"
            return reject(violation("The policy is not configured correctly", hint=hint))

    class Policies(exports.Policies):
        def describe(self):
            return [
                contract.PolicyProvider(
                    kind.id,
                    kind.version,
                    kind.help_text,
                    [hook for hook, method in HOOKS.items() if hasattr(kind, method)],
                    hasattr(kind, "allowed_origins"),
                    kind.properties,
                )
                for kind in kinds
            ]

        def check_config(self, policy):
            try:
                read(policy)
            except SettingError as error:
                raise Err([config.ConfigError(error.property, error.message)]) from None

        def evaluate(self, hook, context, proposed, stored, policies):
            decisions = []
            for policy in policies:
                clients = [client for client in (proposed, stored) if client is not None]
                decided = decide(hook, context, clients, policy)
                # Each policy sees the client as amended by those before it.
                if hook in (Hook.AFTER_REGISTER, Hook.AFTER_UPDATE) and isinstance(decided, decision.Decision_Amend):
                    proposed = _amended(proposed, decided.value)
                decisions.append(decided)
            return decisions

        def allowed_origins(self, context, policies):
            return [origin for policy in policies for origin in read(policy).allowed_origins(context)]

    return Policies


def _amended(client, changes):
    """The client with the changes: present fields replace, attributes are merged and removed by an empty value."""
    present = {field.name: getattr(changes, field.name) for field in dataclasses.fields(changes)}
    present = {name: value for name, value in present.items() if value is not None}
    for name in ("attributes", "registered_nodes", "authentication_flow_binding_overrides"):
        if name in present:
            entries = {entry.name: entry.value for entry in [*(getattr(client, name) or []), *present[name]]}
            present[name] = [Attribute(key, value) for key, value in entries.items() if value]
    return dataclasses.replace(client, **present)
