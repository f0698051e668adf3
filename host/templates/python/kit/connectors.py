"""What a connector in Python is written with: `component` turns classes into what the server calls.

Types are those of the contract (wit/), in Python's spelling: `redirect-uris` is `redirect_uris`. What is absent is None.
Nothing is kept from one call to the next but the state that a `call` was given.
`print` writes to the server's log, and so does an exception that nobody catches, with its place.
For an editor that completes names: `.venv/bin/componentize-py --wit-path wit --world connector bindings .`
"""

import json as _json
import types
import urllib.parse

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import connectors as contract
from wit_world.imports.client import Attribute, Client, ProtocolMapper  # noqa: F401  for connectors that look at them

from .client import checked, violation
from .exceptions import log, told  # noqa: F401
from .owned import attributes, fingerprint, unordered  # noqa: F401
from .response import Response, Stop
from .settings import Property, SettingError, Settings, check, find  # noqa: F401


class Connector:
    """A kind of target; an instance of it is one target as an administrator set it up.

    A task has its name as `kind` ("put", "remove", "look", "enumerate", "probe", "held") and its members beside it:
    `task.client`, `task.known`, `task.adopt`, `task.next` (of "enumerate"). A step is what one of the functions below
    returns. No answer, and 429 and 503 with `Retry-After`, are dealt with before `proceed`.
    """

    id = ""
    version = ""
    help_text = ""
    properties = []
    # Ways to authorize: "none", "bearer", "basic", "client-credentials", "standard-webhooks".
    credentials = []
    protocols = ["openid-connect", "saml"]
    # Names of base URLs beside the one without a name.
    further_urls = []
    # What its targets can: flags `abilities` of wit/connector.wit.
    able = []

    def __init__(self, settings, target):
        """Reads the settings; raises SettingError."""

    def begin(self, task):
        """The first step of a task."""
        raise NotImplementedError

    def proceed(self, task, state, response):
        """The step after a response."""
        raise NotImplementedError

    def review(self, client):
        """What the target would lose of a client: a list of Loss; raises Refused if it could never take it."""
        return []

    def wanted(self, client):
        """The fields as the target should show them, as for `shown`."""
        return {}


class Refused(Exception):
    """Why a target could never take a client: violations, or just their messages. For `review`."""

    def __init__(self, *violations):
        super().__init__("refused")
        self.violations = [violation(one) if isinstance(one, str) else one for one in violations]


def Loss(field, message, value=None, becomes=None):
    """Something of a client that the target drops or changes."""
    return contract.Loss(field, value, becomes, message)


def encode(text):
    """Percent-encodes a part of a path or a value of a query."""
    return urllib.parse.quote(text, safe="")


def call(method, path, state=None, json=None, headers=(), url=None, anonymous=False):
    """Make this call below the target's base URL, then go on with `proceed` from this state."""
    body = None if json is None else _json.dumps(json).encode()
    every = {"accept": "application/json"} | ({} if body is None else {"content-type": "application/json"})
    every = [Attribute(name, str(value)) for name, value in (every | dict(headers)).items()]
    method = contract.Method[method.upper()]
    return contract.Step_Call(
        contract.Call(method, url, path, every, body, not anonymous, _json.dumps(state).encode())
    )


def finished(known=None, key=None, shown=None, losses=(), issued=None):
    """The target has the client as it should be, or not any more.

    `known` is given to the next task about it, `key` is the target's id of it. `shown` has the fields that we own, as the
    target shows them, and never a secret; None: it shows nothing. `losses` is what it dropped or changed, `issued` what it
    made itself: a client id and a secret.
    """
    return _done(
        contract.Done_Finished(
            contract.Finished(
                _bytes(known),
                key,
                None if shown is None else fingerprint(shown),
                attributes(shown or {}),
                list(losses),
                None if issued is None else contract.Credentials(*issued),
            )
        )
    )


def missing():
    """The client that was there before is not there."""
    return _done(contract.Done_Missing())


def listed(id, client_id, known, shown=None):
    """A client that bears our mark, for `page`."""
    return contract.Listed(id, client_id, _bytes(known or ""), None if shown is None else fingerprint(shown))


def page(clients, next=None):
    """Clients that bear our mark; `next` of a further page."""
    return _done(contract.Done_Page(contract.Page(list(clients), _bytes(next))))


def ready(what):
    """The answer to a probe: what the target is."""
    return _done(contract.Done_Ready(what))


def refused(message, field=None, value=None):
    """The target will never take this client."""
    return contract.Step_Refused(violation(message, field, value))


def foreign(key=None, mark=None, shown=None):
    """It has a client of this name that is not ours: its id there, the mark that it bears, its fields."""
    return contract.Step_Foreign(contract.ForeignClient(key, mark, attributes(shown or {})))


def gone(why):
    """It wants nothing any more."""
    return contract.Step_Gone(why)


def failed(why):
    """Not this time."""
    return contract.Step_Failed(why)


def wait(seconds):
    """Not before so many seconds."""
    return contract.Step_Wait(contract.Wait(seconds, b""))


def _done(done):
    return contract.Step_Done(done)


def _bytes(text):
    return None if text is None else str(text).encode()


def _text(bytes):
    return None if bytes is None else bytes.decode()


ABILITIES = ["takes-our-id", "issues", "shows", "shows-secrets", "enumerates", "disables", "hears-held"]


def _abilities(named):
    """The flags of the contract."""
    flags = contract.Abilities(0)
    for name in named:
        if name not in ABILITIES:
            raise TypeError(f"there is no ability '{name}', only {', '.join(ABILITIES)}")
        flags |= contract.Abilities[name.upper().replace("-", "_")]
    return flags


def _task(task):
    """A task with its members beside its name."""
    kind = type(task).__name__.removeprefix("Task_").lower()
    value = getattr(task, "value", None)
    if kind == "enumerate":
        return types.SimpleNamespace(kind=kind, next=_text(value))
    if value is None:
        return types.SimpleNamespace(kind=kind)
    members = dict(vars(value))
    return types.SimpleNamespace(**(members | {"kind": kind, "known": _text(members.get("known"))}))


def component(*kinds):
    """What the server calls, made of classes; assign it to the name `Connectors`."""

    def read(target):
        return find(kinds, target.kind)(Settings(target.config), target)

    def stepping(ask):
        try:
            step = ask()
        except Stop as stop:
            return stop.step
        except SettingError as error:
            return failed(error.message)
        return checked(step, contract.Step, "begin and proceed return a step")

    class Connectors(exports.Connectors):
        @told
        def describe(self):
            return [
                contract.ConnectorKind(
                    kind.id,
                    kind.version,
                    kind.help_text,
                    kind.properties,
                    kind.further_urls,
                    kind.credentials,
                    kind.protocols,
                    _abilities(kind.able),
                )
                for kind in kinds
            ]

        @told
        def check_config(self, target):
            check(lambda: read(target))

        @told
        def review(self, client, target):
            try:
                return list(read(target).review(client))
            except Refused as refused:
                raise Err(refused.violations) from None
            except SettingError as error:
                raise Err([violation(error.message)]) from None

        @told
        def wanted(self, client, target):
            return attributes(read(target).wanted(client))

        @told
        def begin(self, task, target):
            return stepping(lambda: read(target).begin(_task(task)))

        @told
        def proceed(self, task, target, state, answer):
            if isinstance(answer, contract.Answer_Unreachable):
                return failed(answer.value)
            if isinstance(answer, contract.Answer_Resumed):
                # Each task is safe to repeat, and after a pause nothing that was seen before counts.
                return stepping(lambda: read(target).begin(_task(task)))
            response = Response(answer.value)
            seconds = response.retry_after(target.now)
            if seconds is not None:
                return wait(seconds)
            return stepping(lambda: read(target).proceed(_task(task), _json.loads(state), response))

    return Connectors
