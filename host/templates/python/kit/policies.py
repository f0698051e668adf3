"""What a policy in Python is written with: `component` turns classes into what the server calls.

Types are those of the contract (wit/), in Python's spelling: `redirect-uris` is `redirect_uris`. What is absent is None.
`request` is the context: `request.caller.address`, `request.now`, … Nothing is kept from one call to the next.
`print` writes to the server's log, and so does an exception that nobody catches, with its place.
For an editor that completes names: `.venv/bin/componentize-py --wit-path wit --world policy bindings .`
"""

from wit_world import exports
from wit_world.exports import policies as contract
from wit_world.exports.policies import Hook
from wit_world.imports import decision
from wit_world.imports import facts, realm  # noqa: F401  what the server answers; for policies that ask
from wit_world.imports.client import Attribute, Client, ProtocolMapper  # noqa: F401  for policies that make them

from .client import amended, checked, client, violation
from .exceptions import log, told  # noqa: F401
from .settings import Property, SettingError, Settings, check, find  # noqa: F401

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


def accept(*conditions):
    """No objection, if these conditions hold when the client is stored; usually there are none."""
    return decision.Decision_Accept(list(conditions))


def amend(**fields):
    """No objection, but change these fields. In after_register and after_update only."""
    return decision.Decision_Amend(client(**fields))


def hold(reason):
    """Store the client disabled until an administrator approves. In after_register only."""
    return decision.Decision_Hold(reason)


def reject(*violations):
    """Refuse the request: violations, or just their messages."""
    return decision.Decision_Reject([violation(one) if isinstance(one, str) else one for one in violations])


def client_count_below(limit, otherwise):
    """A condition for `accept`: fewer than so many clients in the realm, else this violation."""
    return decision.Condition(decision.ConditionKind_ClientCountBelow(limit), otherwise)


def component(*kinds):
    """What the server calls, made of classes; assign it to the name `Policies`."""

    def read(policy):
        return find(kinds, policy.provider)(Settings(policy.config))

    def decide(hook, context, clients, policy):
        try:
            decided = getattr(read(policy), HOOKS[hook])(context, *clients)
        except SettingError as error:
            hint = f"{error.message} (setting '{error.property}')"
            return reject(violation("The policy is not configured correctly", hint=hint))
        return checked(decided, decision.Decision, f"{HOOKS[hook]} returns no decision")

    class Policies(exports.Policies):
        @told
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

        @told
        def check_config(self, policy):
            check(lambda: read(policy))

        @told
        def evaluate(self, hook, context, proposed, stored, policies):
            decisions = []
            for policy in policies:
                clients = [client for client in (proposed, stored) if client is not None]
                decided = decide(hook, context, clients, policy)
                # Each policy sees the client as amended by those before it.
                if hook in (Hook.AFTER_REGISTER, Hook.AFTER_UPDATE) and isinstance(decided, decision.Decision_Amend):
                    proposed = amended(proposed, decided.value)
                decisions.append(decided)
            return decisions

        @told
        def allowed_origins(self, context, policies):
            return [origin for policy in policies for origin in read(policy).allowed_origins(context)]

    return Policies
