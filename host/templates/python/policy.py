"""Redirect URIs of clients must be below an allowed address."""

from matricula import Policy, Property, SettingError, accept, component, reject, violation


class AllowedAddresses(Policy):
    """The policy as an administrator set it up."""

    id = "my-policy"
    version = "0.1.0"
    help_text = "Redirect URIs must be below an allowed address"

    # The settings, as the administrator's form shows them.
    properties = [
        Property(
            "allowed-addresses",
            label="Allowed addresses",
            help_text="Redirect URIs must begin with one of these",
            type="MultivaluedString",
        )
    ]

    def __init__(self, settings):
        self.allowed = settings.list("allowed-addresses")
        for address in self.allowed:
            # The slash at the end closes the host name: `https://app.example` would allow `https://app.example.evil.com`.
            if not (address.startswith("https://") and address.endswith("/")):
                raise SettingError("allowed-addresses", f"'{address}' should begin with https:// and end with /")

    def before_register(self, request, proposed):
        outside = [uri for uri in proposed.redirect_uris or [] if not uri.startswith(tuple(self.allowed))]
        objections = [
            violation("The redirect URI is below no allowed address", field="redirect-uris", value=uri)
            for uri in outside
        ]
        return reject(*objections) if objections else accept()

    def before_update(self, request, proposed, stored):
        return self.before_register(request, proposed)


Policies = component(AllowedAddresses)
