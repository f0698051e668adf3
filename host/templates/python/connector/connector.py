"""Keeps clients in a directory of applications: `PUT /apps/{our id of the client}` and the like."""

from matricula import (
    Connector,
    Loss,
    Property,
    call,
    component,
    encode,
    finished,
    foreign,
    listed,
    missing,
    page,
    ready,
    unordered,
)


class Directory(Connector):
    """The directory as an administrator set it up."""

    id = "my-policy"
    version = "0.1.0"
    help_text = "Our directory of applications"
    credentials = ["none", "bearer"]
    protocols = ["openid-connect"]
    able = ["takes-our-id", "shows", "enumerates", "disables"]

    # The settings, as the administrator's form shows them.
    properties = [Property("team", label="Team", help_text="Who answers for the applications there")]

    def __init__(self, settings, target):
        self.team = settings.text("team")
        # What our applications bear: the realm's internal id.
        self.mark = target.realm_id

    def review(self, client):
        return losses(client)

    def wanted(self, client):
        return owned(self.app(client))

    def begin(self, task):
        match task.kind:
            case "put":
                return call("get", path(task.client.id), "looked")
            case "remove" | "look":
                return call("get", path(task.id), "looked")
            case _:
                return call("get", f"/apps?owner={encode(self.mark)}", "looked")

    def proceed(self, task, state, response):
        return self.looked(task, response) if state == "looked" else self.changed(task, response)

    def looked(self, task, response):
        """What is there?"""
        match task.kind:
            case "put":
                app = found(response)
                if app is None and task.known is not None:
                    # Somebody removed it: it comes again, with its secret.
                    return missing()
                if app is not None and not self.may_change(app, task.adopt):
                    return other(app)
                return call("put", path(task.client.id), "changed", json=self.app(task.client))
            case "remove":
                app = found(response)
                # If not, nothing of ours is there.
                ours = app is not None and self.may_change(app)
                return call("delete", path(task.id), "changed") if ours else finished()
            case "look":
                app = found(response)
                if app is None:
                    return missing()
                return has(app) if self.may_change(app) else other(app)
            case "enumerate":
                return page([listed(app["id"], app["clientId"], app["id"], owned(app)) for app in response.success()])
            case _:
                return ready(f"A directory with {len(response.success())} applications of ours")

    def changed(self, task, response):
        """Was it done?"""
        if not response.is_success:
            return response.not_done()
        return has(response.json(), losses(task.client)) if task.kind == "put" else finished()

    def app(self, client):
        """The application of a client. Its secret is there when it is new; the directory keeps the one that it has."""
        secret = {} if client.secret is None else {"secret": client.secret}
        return {
            "id": client.id,
            "owner": self.mark,
            "clientId": client.client_id,
            "name": client.name,
            "team": self.team,
            "redirectUris": client.redirect_uris or [],
            "enabled": client.enabled is not False,
            **secret,
        }

    def may_change(self, app, adopt=False):
        """Ours; or nobody's, and an administrator wants us to have it."""
        owner = app.get("owner")
        return adopt if owner is None else owner == self.mark


def path(id):
    return f"/apps/{encode(id)}"


def found(response):
    """The application that the directory shows; None: there is none. A 404 that is no JSON is somebody else's."""
    if response.status == 404:
        response.json()
        return None
    return response.success()


def owned(app):
    """The fields that we answer for; no secret."""
    fields = {name: app.get(name) for name in ("clientId", "name", "team", "enabled")}
    return {**fields, "redirectUris": unordered(app.get("redirectUris"))}


def has(app, losses=()):
    return finished(known=app["id"], key=app["id"], shown=owned(app), losses=losses)


def other(app):
    return foreign(key=app["id"], mark=app.get("owner"), shown=owned(app))


def losses(client):
    """What the directory has no place for."""
    return [Loss("webOrigins", "The directory keeps no web origins")] if client.web_origins else []


Connectors = component(Directory)
