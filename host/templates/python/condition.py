"""Holds for clients that send users to one of these hosts."""

from urllib.parse import urlsplit

from matricula import Condition, Property, SettingError, component


class RedirectHost(Condition):
    """The condition as an administrator set it up."""

    id = "my-policy"
    version = "0.1.0"
    help_text = "Clients that send users to one of these hosts"
    reads = ["redirect-uris"]

    # The settings, as the administrator's form shows them.
    properties = [
        Property(
            "hosts",
            label="Hosts",
            help_text="It holds for clients with a redirect URI at one of these",
            type="MultivaluedString",
        )
    ]

    def __init__(self, settings):
        self.hosts = settings.list("hosts")
        for host in self.hosts:
            if "/" in host:
                raise SettingError("hosts", f"'{host}' should be a host name, such as app.example.com")

    def judge(self, request, event, proposed, stored):
        # An update that names no redirect URIs keeps those that are stored.
        named = [client.redirect_uris for client in (proposed, stored) if client and client.redirect_uris is not None]
        return any(host_of(uri) in self.hosts for uri in (named[0] if named else []))


def host_of(uri):
    """`app.example.com` of `https://app.example.com:8443/callback`."""
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None


ClientPolicies = component(conditions=[RedirectHost])
