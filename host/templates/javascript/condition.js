// Holds for clients that send users to one of these hosts.

import { SettingError, component } from "./sdk/matricula.js";

class RedirectHost {
  static id = "my-policy";
  static version = "0.1.0";
  static helpText = "Clients that send users to one of these hosts";
  static reads = ["redirect-uris"];

  // The settings, as the administrator's form shows them.
  static properties = [
    {
      name: "hosts",
      label: "Hosts",
      helpText: "It holds for clients with a redirect URI at one of these",
      type: "MultivaluedString",
    },
  ];

  constructor(settings) {
    this.hosts = settings.list("hosts");
    const wrong = this.hosts.find((host) => host.includes("/"));
    if (wrong !== undefined) {
      throw new SettingError("hosts", `'${wrong}' should be a host name, such as app.example.com`);
    }
  }

  judge(request, event, proposed, stored) {
    // An update that names no redirect URIs keeps those that are stored.
    const uris = proposed?.redirectUris ?? stored?.redirectUris ?? [];
    return uris.some((uri) => this.hosts.includes(hostOf(uri)));
  }
}

/** `app.example.com` of `https://app.example.com:8443/callback`. */
const hostOf = (uri) => /^[^:]+:\/\/([^/:?#]*)/.exec(uri)?.[1];

export const clientPolicies = component({ conditions: [RedirectHost] });
