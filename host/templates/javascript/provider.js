// Clients as lines of `name: value`.

import { Refused, component } from "./sdk/matricula.js";

/** The names of the lines, and the fields of the client. */
const NAMES = { client_id: "client-id", name: "name", redirect_uri: "redirect-uris" };

class Lines {
  static id = "my-policy";
  static operations = ["register", "read", "update", "delete"];
  static contentTypes = ["text/plain"];
  static protocol = "openid-connect";

  parse(document) {
    const client = {};
    for (const line of document.text.split("\n").filter((line) => line.trim() !== "")) {
      const [, name, value] = /^([^:]*):(.*)$/.exec(line)?.map((part) => part.trim()) ?? [];
      switch (name) {
        case undefined:
          throw new Refused(`A line without a colon: ${line}`);
        case "client_id":
          client.clientId = value;
          break;
        case "name":
          client.name = value;
          break;
        case "redirect_uri":
          client.redirectUris = [...(client.redirectUris ?? []), value];
          break;
        default:
          throw new Refused(`There is no line '${name}'`);
      }
    }
    return client;
  }

  render(client, registration) {
    const lines = [
      ["client_id", client.clientId],
      ["client_secret", client.secret],
      ["name", client.name],
      ...client.redirectUris.map((uri) => ["redirect_uri", uri]),
      ["registration_access_token", registration.accessToken],
      ["registration_client_uri", registration.clientUri],
    ];
    const present = lines.filter(([, value]) => value !== null && value !== undefined);
    return { contentType: "text/plain;charset=UTF-8", text: present.map(([name, value]) => `${name}: ${value}\n`).join("") };
  }

  documentName(field) {
    return Object.keys(NAMES).find((name) => NAMES[name] === field);
  }
}

export const providers = component(Lines);
