// Redirect URIs of clients must be below an allowed address.

import { SettingError, accept, component, reject } from "./sdk/matricula.js";

class AllowedAddresses {
  static id = "my-policy";
  static version = "0.1.0";
  static helpText = "Redirect URIs must be below an allowed address";

  // The settings, as the administrator's form shows them.
  static properties = [
    {
      name: "allowed-addresses",
      label: "Allowed addresses",
      helpText: "Redirect URIs must begin with one of these",
      type: "MultivaluedString",
    },
  ];

  constructor(settings) {
    this.allowed = settings.list("allowed-addresses");
    // The slash at the end closes the host name: `https://app.example` would allow `https://app.example.evil.com`.
    const wrong = this.allowed.find((address) => !address.startsWith("https://") || !address.endsWith("/"));
    if (wrong !== undefined) {
      throw new SettingError("allowed-addresses", `'${wrong}' should begin with https:// and end with /`);
    }
  }

  beforeRegister(request, proposed) {
    const outside = (uri) => !this.allowed.some((address) => uri.startsWith(address));
    const objections = (proposed.redirectUris ?? []).filter(outside).map((uri) => ({
      field: "redirect-uris",
      value: uri,
      message: "The redirect URI is below no allowed address",
    }));
    return objections.length > 0 ? reject(...objections) : accept();
  }

  beforeUpdate(request, proposed, stored) {
    return this.beforeRegister(request, proposed);
  }
}

export const policies = component(AllowedAddresses);
