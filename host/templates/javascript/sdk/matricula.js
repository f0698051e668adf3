// What a policy in JavaScript is written with: `component` turns classes into what the server calls.
//
// A class is a kind of policy, an instance of it one policy as an administrator set it up. It has
//
//   static id, version, helpText      texts
//   static properties                 the settings (record config-property in wit/config.wit); may be absent
//   constructor(settings)             reads the settings; throws SettingError
//   beforeRegister(request, proposed)          and the other hooks of wit/policy.wit: a decision each;
//   afterRegister(request, client)             the server asks at those that are there
//   beforeUpdate(request, proposed, stored)
//   afterUpdate(request, client, stored)
//   beforeView(request, stored)
//   beforeDelete(request, stored)
//   allowedOrigins(request)           web origins that may register from a browser; may be absent
//
// Names are those of the contract (wit/) in camel case: `redirect-uris` is `redirectUris`. What is absent is null.
// `request` is the context: `request.caller.address`, `request.now`, … Nothing is kept from one call to the next.

import facts from "matricula:registration/facts@0.1.0";
import realm from "matricula:registration/realm@0.1.0";

/** What the server answers: interfaces `realm` and `facts` in wit/facts.wit. */
export const host = {
  clientScopes: (protocol) => realm.clientScopes(protocol),
  protocolMapperTypes: () => realm.protocolMapperTypes(),
  acrLevels: () => realm.acrLevels(),
  hasFlow: (id) => realm.hasFlow(id),
  baseUrl: () => realm.baseUrl(),
  setting: (name) => realm.setting(name),
  clientCount: () => facts.clientCount(),
  addressesOf: (name) => facts.addressesOf(name),
  namesOf: (address) => facts.namesOf(address),
  log: (level, message) => facts.log(level, message),
};

/** No objection, if these conditions hold when the client is stored; usually there are none. */
export const accept = (...conditions) => ({ tag: "accept", val: conditions });

/** No objection, but change these fields. In afterRegister and afterUpdate only. */
export const amend = (fields) => ({ tag: "amend", val: { ...NO_CLIENT, ...fields } });

/** Store the client disabled until an administrator approves. In afterRegister only. */
export const hold = (reason) => ({ tag: "hold", val: reason });

/** Refuse the request: violations as `{ message, field, value, error, hint }`, all but `message` may be absent. */
export const reject = (...violations) => ({ tag: "reject", val: violations.map(violation) });

/** A condition for `accept`: fewer than so many clients in the realm, else this violation. */
export const clientCountBelow = (limit, otherwise) => ({
  kind: { tag: "client-count-below", val: limit },
  otherwise: violation(otherwise),
});

/** What is wrong with a setting; the administrator is told. */
export class SettingError extends Error {
  constructor(property, message) {
    super(message);
    this.property = property;
  }
}

/** What the server calls, made of classes. */
export function component(...kinds) {
  const find = (id) => kinds.find((kind) => kind.id === id);
  const read = ({ provider, config }) => {
    const kind = find(provider);
    if (!kind) {
      throw new SettingError(null, `this component has no policy provider '${provider}'`);
    }
    return new kind(new Settings(config));
  };

  return {
    describe: () =>
      kinds.map((kind) => ({
        id: kind.id,
        version: kind.version,
        helpText: kind.helpText,
        hooks: Object.keys(HOOKS).filter((hook) => HOOKS[hook] in kind.prototype),
        allowsOrigins: "allowedOrigins" in kind.prototype,
        properties: (kind.properties ?? []).map((property) => ({ ...NO_PROPERTY, ...property })),
      })),

    checkConfig(policy) {
      try {
        read(policy);
      } catch (error) {
        if (!(error instanceof SettingError)) {
          throw error;
        }
        throw [{ property: error.property, message: error.message }];
      }
    },

    evaluate(hook, context, proposed, stored, policies) {
      const amends = hook === "after-register" || hook === "after-update";
      return policies.map((policy) => {
        let decision;
        try {
          const clients = [proposed, stored].filter((client) => client !== null && client !== undefined);
          decision = read(policy)[HOOKS[hook]](context, ...clients);
        } catch (error) {
          if (!(error instanceof SettingError)) {
            throw error;
          }
          const hint = `${error.message} (setting '${error.property}')`;
          return reject({ message: "The policy is not configured correctly", hint });
        }
        // Each policy sees the client as amended by those before it.
        if (amends && decision.tag === "amend") {
          proposed = amended(proposed, decision.val);
        }
        return decision;
      });
    },

    allowedOrigins: (context, policies) => policies.flatMap((policy) => read(policy).allowedOrigins(context)),
  };
}

/** The settings of one policy. */
class Settings {
  #values;

  constructor(config) {
    this.#values = new Map(config.map(({ name, values }) => [name, values]));
  }

  /** Every value that is not blank. */
  list(name) {
    return (this.#values.get(name) ?? []).filter((value) => value.trim() !== "");
  }

  /** The value; null: there is none. */
  text(name) {
    const values = this.list(name);
    if (values.length > 1) {
      throw new SettingError(name, `'${name}' should be a single entry`);
    }
    return values[0] ?? null;
  }

  /** The value as a whole number. */
  number(name) {
    const text = this.text(name);
    if (text !== null && !/^[+-]?\d+$/.test(text)) {
      throw new SettingError(name, `'${name}' should be a number`);
    }
    return text === null ? null : Number(text);
  }

  /** The value as true or false. */
  switch(name) {
    const text = this.text(name);
    if (text !== null && text !== "true" && text !== "false") {
      throw new SettingError(name, `'${name}' should be 'true' or 'false'`);
    }
    return text === null ? null : text === "true";
  }
}

const HOOKS = {
  "before-register": "beforeRegister",
  "after-register": "afterRegister",
  "before-update": "beforeUpdate",
  "after-update": "afterUpdate",
  "before-view": "beforeView",
  "before-delete": "beforeDelete",
};

const violation = (given) => ({ error: null, field: null, value: null, hint: null, ...given });

/** The client with the changes: present fields replace, attributes are merged and removed by an empty value. */
function amended(client, changes) {
  const result = { ...client };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined) {
      continue;
    }
    const merges = ["attributes", "registeredNodes", "authenticationFlowBindingOverrides"].includes(name);
    result[name] = merges ? merged(client[name] ?? [], value) : value;
  }
  return result;
}

function merged(entries, changes) {
  const values = new Map([...entries, ...changes].map(({ name, value }) => [name, value]));
  return [...values].filter(([, value]) => value !== "").map(([name, value]) => ({ name, value }));
}

const NO_PROPERTY = {
  label: "",
  helpText: "",
  type: "String",
  defaultValue: null,
  options: [],
  secret: false,
  required: false,
};

/** An amendment that changes nothing. */
const NO_CLIENT = {
  id: null,
  clientId: null,
  name: null,
  description: null,
  type: null,
  protocol: null,
  enabled: null,
  alwaysDisplayInConsole: null,
  surrogateAuthRequired: null,
  rootUrl: null,
  baseUrl: null,
  adminUrl: null,
  redirectUris: null,
  webOrigins: null,
  publicClient: null,
  bearerOnly: null,
  clientAuthenticatorType: null,
  secret: null,
  consentRequired: null,
  fullScopeAllowed: null,
  standardFlowEnabled: null,
  implicitFlowEnabled: null,
  directAccessGrantsEnabled: null,
  serviceAccountsEnabled: null,
  authorizationServicesEnabled: null,
  frontchannelLogout: null,
  defaultClientScopes: null,
  optionalClientScopes: null,
  protocolMappers: null,
  defaultRoles: null,
  notBefore: null,
  nodeReRegistrationTimeout: null,
  registeredNodes: null,
  authenticationFlowBindingOverrides: null,
  authorizationSettings: null,
  attributes: [],
};
