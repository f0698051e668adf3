"""Clients as lines of `name: value`."""

from matricula import Provider, Refused, client, component

# The names of the lines, and the fields of the client.
NAMES = {"client_id": "client-id", "name": "name", "redirect_uri": "redirect-uris"}


class Lines(Provider):
    """The provider."""

    id = "my-policy"
    content_types = ["text/plain"]
    protocol = "openid-connect"

    def parse(self, text, operation):
        fields = {}
        for line in text.splitlines():
            if not line.strip():
                continue
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not colon:
                raise Refused(f"A line without a colon: {line}")
            if name == "redirect_uri":
                fields.setdefault("redirect_uris", []).append(value)
            elif name in NAMES:
                fields[name] = value
            else:
                raise Refused(f"There is no line '{name}'")
        return client(**fields)

    def render(self, client, registration):
        lines = [
            ("client_id", client.client_id),
            ("client_secret", client.secret),
            ("name", client.name),
            *(("redirect_uri", uri) for uri in client.redirect_uris or []),
            ("registration_access_token", registration.access_token),
            ("registration_client_uri", registration.client_uri),
        ]
        text = "".join(f"{name}: {value}\n" for name, value in lines if value is not None)
        return "text/plain;charset=UTF-8", text

    def document_name(self, field):
        return next((name for name, of in NAMES.items() if of == field), None)


Providers = component(Lines)
