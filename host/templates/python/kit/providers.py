"""What a registration provider in Python is written with: `component` turns classes into what the server calls.

Types are those of the contract (wit/), in Python's spelling: `redirect-uris` is `redirect_uris`. What is absent is None.
`print` writes to the server's log, and so does an exception that nobody catches, with its place.
For an editor that completes names: `.venv/bin/componentize-py --wit-path wit --world provider bindings .`
"""

import dataclasses

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import providers as contract
from wit_world.imports import facts, fetch, realm  # noqa: F401  what the server answers; for those that ask
from wit_world.imports.client import Attribute, Client, ProtocolMapper  # noqa: F401  for those that make them
from wit_world.imports.request import Operation

from .client import amended, checked, client, violation
from .exceptions import log, told  # noqa: F401

# What a new client has where its document says nothing.
NEW = {
    "protocol": "openid-connect",
    "enabled": True,
    "always_display_in_console": False,
    "surrogate_auth_required": False,
    "redirect_uris": [],
    "web_origins": [],
    "public_client": False,
    "bearer_only": False,
    "client_authenticator_type": "client-secret",
    "consent_required": False,
    "full_scope_allowed": True,
    "standard_flow_enabled": True,
    "implicit_flow_enabled": False,
    "direct_access_grants_enabled": False,
    "service_accounts_enabled": False,
    "authorization_services_enabled": False,
    "frontchannel_logout": False,
    "default_client_scopes": [],
    "optional_client_scopes": [],
    "protocol_mappers": [],
    "default_roles": [],
    "not_before": 0,
    "node_re_registration_timeout": -1,
    "registered_nodes": [],
    "authentication_flow_binding_overrides": [],
}


class Refused(Exception):
    """What is wrong with a document: violations, or just their messages. It is answered 400."""

    def __init__(self, *violations):
        super().__init__("refused")
        self.violations = [violation(one) if isinstance(one, str) else one for one in violations]


class Provider:
    """Reads and writes one kind of document, at `/clients-registrations/{id}`. Its methods may raise Refused."""

    id = ""
    operations = [Operation.REGISTER, Operation.READ, Operation.UPDATE, Operation.DELETE]
    # Media types of its documents.
    content_types = []
    # "openid-connect" or "saml"; None: clients of any.
    protocol = None
    # Whether web pages of other origins may call it.
    cross_origin = False
    # Whether a client may read with its own id and secret.
    client_authentication = False

    def parse(self, text, operation):
        """A document as a client: `client(name=…)` with the fields that it names."""
        raise NotImplementedError

    def complete(self, sent, stored, issued):
        """The full client: of a new one with the defaults of the rest, of a stored one with the changes."""
        if stored:
            return amended(stored, sent)
        given = {field.name: getattr(sent, field.name) for field in dataclasses.fields(sent)}
        given = {name: value for name, value in given.items() if value is not None}
        secret = None if given.get("public_client") else issued.secret
        made = {**NEW, "secret": secret, "client_id": issued.id, **given, "id": issued.id}
        return client(**made)

    def validate(self, client, operation):
        """Looks at the full client, as policies amended it, before it is stored."""

    def render(self, client, registration):
        """The document of a client: its media type and its text."""
        raise NotImplementedError

    def document_name(self, field):
        """A field of the client ("redirect-uris") as the document calls it; None: not at all."""


def component(*kinds):
    """What the server calls, made of classes; assign it to the name `Providers`."""

    def of(id):
        return next(kind for kind in kinds if kind.id == id)()

    def answering(ask):
        try:
            return ask()
        except Refused as refused:
            raise Err(refused.violations) from None

    def rendered(provider, client, registration):
        content_type, text = provider.render(client, registration)
        return contract.Document(content_type, text.encode())

    class Providers(exports.Providers):
        @told
        def describe(self):
            return [
                contract.RegistrationProvider(
                    kind.id,
                    kind.operations,
                    kind.content_types,
                    kind.protocol,
                    kind.cross_origin,
                    kind.client_authentication,
                )
                for kind in kinds
            ]

        @told
        def parse(self, provider, operation, document):
            def read():
                try:
                    text = document.body.decode()
                except UnicodeDecodeError:
                    raise Refused("The document is not written in UTF-8") from None
                return checked(of(provider).parse(text, operation), Client, "parse returns no client")

            return answering(read)

        @told
        def complete(self, provider, proposed, stored, issued):
            def made():
                full = of(provider).complete(proposed, stored, issued)
                return contract.Completed(checked(full, Client, "complete returns no client"), [])

            return answering(made)

        @told
        def finish(self, provider, operation, client, registration):
            def valid():
                of(provider).validate(client, operation)
                return rendered(of(provider), client, registration)

            return answering(valid)

        @told
        def render(self, provider, client, registration):
            return rendered(of(provider), client, registration)

        @told
        def document_name(self, provider, field):
            return of(provider).document_name(field)

    return Providers
