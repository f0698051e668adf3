"""Clients may have only so many redirect URIs."""

from matricula import Executor, Property, SettingError, component, passes, refuse


class FewRedirectUris(Executor):
    """The executor as an administrator set it up."""

    id = "my-policy"
    version = "0.1.0"
    help_text = "Clients may have only so many redirect URIs"

    # The settings, as the administrator's form shows them.
    properties = [
        Property(
            "most",
            label="Most redirect URIs",
            help_text="A client may have so many, 5 if nothing is set",
            default_value='"5"',
        )
    ]

    def __init__(self, settings):
        most = settings.number("most")
        self.most = 5 if most is None else most
        if self.most < 0:
            raise SettingError("most", "'most' should not be negative")

    def on_request(self, request, proposed, stored):
        count = len(proposed.redirect_uris or [])
        if count <= self.most:
            return passes()
        message = f"At most {self.most} redirect URIs are allowed"
        return refuse("invalid_redirect_uri", message, field="redirect-uris", value=str(count))


ClientPolicies = component(executors=[FewRedirectUris])
