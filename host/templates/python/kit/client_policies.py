"""What conditions and executors of client policies in Python are written with: `component` turns classes into what the
server calls.

Types are those of the contract (wit/), in Python's spelling: `redirect-uris` is `redirect_uris`. What is absent is None.
`request` is the context: `request.caller.address`, `request.now`, … Nothing is kept from one call to the next.
`print` writes to the server's log, and so does an exception that nobody catches, with its place.
For an editor that completes names: `.venv/bin/componentize-py --wit-path wit --world client-policy bindings .`
"""

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.exports import client_policies as contract
from wit_world.exports.client_policies import Event, Role, Verdict
from wit_world.imports import clients, facts, realm  # noqa: F401  what the server answers; for those that ask
from wit_world.imports.client import Attribute, Client, ProtocolMapper  # noqa: F401  for those that make them

from .client import amended, checked, client, violation
from .exceptions import log, told  # noqa: F401
from .settings import Property, SettingError, Settings, check, find  # noqa: F401

EVENTS = {
    Event.REGISTER: "on_request",
    Event.REGISTERED: "on_result",
    Event.UPDATE: "on_request",
    Event.UPDATED: "on_result",
    Event.VIEW: "on_view",
    Event.UNREGISTER: "on_unregister",
}

NEGATIVE = Property(
    "is-negative-logic",
    label="Negative Logic",
    help_text="If On, the result of condition's evaluation is reverted from true to false and vice versa.",
    type="boolean",
    default_value="false",
)


class Condition:
    """Says whether a client policy applies; an instance is one condition as an administrator set it up.

    It also gets the setting `is-negative-logic`, which turns it around. `reads` names the fields of the client that count
    (`["public-client"]`); None: it may be any.
    """

    id = ""
    version = ""
    help_text = ""
    properties = []
    reads = None

    def __init__(self, settings):
        """Reads the settings; raises SettingError."""

    def judge(self, request, event, proposed, stored):
        """True, False, or None: nothing to say about this event."""


class Executor:
    """Acts where a client policy applies; an instance is one executor as an administrator set it up.

    It has some of these methods, and is run on their events (wit/client-policy.wit); they return an outcome:

        on_request(self, request, proposed, stored)   before a client is registered (stored is None) or changed; as sent
        on_result(self, request, client, before)      before it is stored, with everything it will have
        on_view(self, request, stored)                before it is shown
        on_unregister(self, request, stored)          before it is deleted
    """

    id = ""
    version = ""
    help_text = ""
    properties = []

    def __init__(self, settings):
        """Reads the settings; raises SettingError."""


def passes():
    """No objection."""
    return contract.Outcome_Pass()


def amend(**fields):
    """No objection, but change these fields. In on_request and on_result only."""
    return contract.Outcome_Amend(client(**fields))


def refuse(error, message, field=None, value=None, hint=None):
    """Refuse the request, with an error code of RFC 7591 §3.2.2."""
    return contract.Outcome_Refuse(violation(message, field, value, error, hint))


def keep_registration_access_token():
    """Let the caller keep the registration access token that it came with."""
    return contract.Outcome_KeepRegistrationAccessToken()


def component(conditions=(), executors=()):
    """What the server calls, made of classes; assign it to the name `ClientPolicies`."""

    def read(role, part):
        kinds = conditions if role == Role.CONDITION else executors
        return find(kinds, part.provider)(Settings(part.config))

    def verdict(event, context, proposed, stored, part):
        said = read(Role.CONDITION, part).judge(context, event, proposed, stored)
        if said is None:
            return Verdict.ABSTAIN
        checked(said, bool, "judge returns no True, False or None")
        turned = Settings(part.config).switch(NEGATIVE.name) is True
        return Verdict.YES if said != turned else Verdict.NO

    def outcome(event, context, proposed, stored, part):
        clients = [stored] if event in (Event.VIEW, Event.UNREGISTER) else [proposed, stored]
        wanted = getattr(read(Role.EXECUTOR, part), EVENTS[event])(context, *clients)
        return checked(wanted, contract.Outcome, f"{EVENTS[event]} returns no outcome")

    def answered(ask, *given):
        """The answer, or what is wrong with a setting: then the request is refused, and the operator told."""
        try:
            return Ok(ask(*given))
        except SettingError as error:
            return Err(f"{error.message} (setting '{error.property}')")

    class ClientPolicies(exports.ClientPolicies):
        @told
        def describe(self):
            return contract.Offer(
                [
                    contract.ConditionProvider(
                        kind.id, kind.version, kind.help_text, kind.reads, [NEGATIVE, *kind.properties]
                    )
                    for kind in conditions
                ],
                [
                    contract.ExecutorProvider(
                        kind.id,
                        kind.version,
                        kind.help_text,
                        [event for event, method in EVENTS.items() if hasattr(kind, method)],
                        kind.properties,
                    )
                    for kind in executors
                ],
            )

        @told
        def check_config(self, role, part):
            check(lambda: read(role, part))

        @told
        def judge(self, event, context, proposed, stored, conditions):
            return [answered(verdict, event, context, proposed, stored, part) for part in conditions]

        @told
        def execute(self, event, context, proposed, stored, executors):
            outcomes = []
            for part in executors:
                said = answered(outcome, event, context, proposed, stored, part)
                outcomes.append(said)
                if isinstance(said, Err) or isinstance(said.value, contract.Outcome_Refuse):
                    break
                # Each executor sees the client as amended by those before it.
                if isinstance(said.value, contract.Outcome_Amend):
                    proposed = amended(proposed, said.value.value)
            return outcomes

    return ClientPolicies
