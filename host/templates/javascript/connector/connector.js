// Keeps clients in a directory of applications: `PUT /apps/{our id of the client}` and the like.

import { call, component, encode, finished, foreign, missing, page, ready, unordered } from "./sdk/matricula.js";

class Directory {
  static id = "my-policy";
  static version = "0.1.0";
  static helpText = "Our directory of applications";
  static credentials = ["none", "bearer"];
  static protocols = ["openid-connect"];
  static able = ["takesOurId", "shows", "enumerates", "disables"];

  // The settings, as the administrator's form shows them.
  static properties = [{ name: "team", label: "Team", helpText: "Who answers for the applications there" }];

  constructor(settings, target) {
    this.team = settings.text("team");
    // What our applications bear: the realm's internal id.
    this.mark = target.realmId;
  }

  review(client) {
    return losses(client);
  }

  wanted(client) {
    return owned(this.app(client));
  }

  begin(task) {
    switch (task.kind) {
      case "put":
        return call("get", path(task.client.id), "looked");
      case "remove":
      case "look":
        return call("get", path(task.id), "looked");
      default:
        return call("get", `/apps?owner=${encode(this.mark)}`, "looked");
    }
  }

  proceed(task, state, response) {
    return state === "looked" ? this.looked(task, response) : this.changed(task, response);
  }

  /** What is there? */
  looked(task, response) {
    switch (task.kind) {
      case "put": {
        const app = found(response);
        if (app === null && task.known !== null) {
          // Somebody removed it: it comes again, with its secret.
          return missing();
        }
        if (app !== null && !this.mayChange(app, task.adopt)) {
          return other(app);
        }
        return call("put", path(task.client.id), "changed", { json: this.app(task.client) });
      }
      case "remove": {
        const app = found(response);
        // If not, nothing of ours is there.
        return app !== null && this.mayChange(app) ? call("delete", path(task.id), "changed") : finished();
      }
      case "look": {
        const app = found(response);
        return app === null ? missing() : this.mayChange(app) ? has(app) : other(app);
      }
      case "enumerate":
        return page(response.success().map((app) => ({ id: app.id, clientId: app.clientId, known: app.id, shown: owned(app) })));
      default:
        return ready(`A directory with ${response.success().length} applications of ours`);
    }
  }

  /** Was it done? */
  changed(task, response) {
    if (!response.isSuccess) {
      return response.notDone();
    }
    return task.kind === "put" ? has(response.json(), losses(task.client)) : finished();
  }

  /** The application of a client. Its secret is there when it is new; the directory keeps the one that it has. */
  app(client) {
    const secret = client.secret === null ? {} : { secret: client.secret };
    return {
      id: client.id,
      owner: this.mark,
      clientId: client.clientId,
      name: client.name,
      team: this.team,
      redirectUris: client.redirectUris ?? [],
      enabled: client.enabled ?? true,
      ...secret,
    };
  }

  /** Ours; or nobody's, and an administrator wants us to have it. */
  mayChange(app, adopt = false) {
    return (app.owner ?? null) === null ? adopt : app.owner === this.mark;
  }
}

const path = (id) => `/apps/${encode(id)}`;

/** The application that the directory shows; null: there is none. A 404 that is no JSON is somebody else's. */
function found(response) {
  if (response.status === 404) {
    response.json();
    return null;
  }
  return response.success();
}

/** The fields that we answer for; no secret. */
const owned = ({ clientId, name, team, enabled, redirectUris }) => ({
  clientId,
  name,
  team,
  enabled,
  redirectUris: unordered(redirectUris),
});

const has = (app, losses) => finished({ known: app.id, key: app.id, shown: owned(app), losses });
const other = (app) => foreign({ key: app.id, mark: app.owner, shown: owned(app) });

/** What the directory has no place for. */
const losses = (client) =>
  (client.webOrigins ?? []).length === 0 ? [] : [{ field: "webOrigins", message: "The directory keeps no web origins" }];

export const connectors = component(Directory);
