// Clients may have only so many redirect URIs.

import { SettingError, component, pass, refuse } from "./sdk/matricula.js";

class FewRedirectUris {
  static id = "my-policy";
  static version = "0.1.0";
  static helpText = "Clients may have only so many redirect URIs";

  // The settings, as the administrator's form shows them.
  static properties = [
    {
      name: "most",
      label: "Most redirect URIs",
      helpText: "A client may have so many, 5 if nothing is set",
      defaultValue: '"5"',
    },
  ];

  constructor(settings) {
    this.most = settings.number("most") ?? 5;
    if (this.most < 0) {
      throw new SettingError("most", "'most' should not be negative");
    }
  }

  onRequest(request, proposed) {
    const count = proposed.redirectUris?.length ?? 0;
    if (count <= this.most) {
      return pass();
    }
    const message = `At most ${this.most} redirect URIs are allowed`;
    return refuse("invalid_redirect_uri", message, { field: "redirect-uris", value: count });
  }
}

export const clientPolicies = component({ executors: [FewRedirectUris] });
