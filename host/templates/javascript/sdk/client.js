// Clients and violations as the server reads them: a wrong type is told where it is made.

import { wellFormed } from "./host.js";

const is = {
  text: (value) => typeof value === "string" && value.isWellFormed(),
  texts: (value) => Array.isArray(value) && value.every(is.text),
  flag: (value) => typeof value === "boolean",
  number: (value) => Number.isInteger(value),
  entries: (value) => Array.isArray(value) && value.every((entry) => is.text(entry?.name) && is.text(entry?.value)),
  mappers: (value) => Array.isArray(value) && value.every((mapper) => is.text(mapper?.name) && is.entries(mapper?.config)),
};

/** The fields of record `client` (wit/client.wit), and what each holds. */
const FIELDS = {
  id: "text",
  clientId: "text",
  name: "text",
  description: "text",
  type: "text",
  protocol: "text",
  enabled: "flag",
  alwaysDisplayInConsole: "flag",
  surrogateAuthRequired: "flag",
  rootUrl: "text",
  baseUrl: "text",
  adminUrl: "text",
  redirectUris: "texts",
  webOrigins: "texts",
  publicClient: "flag",
  bearerOnly: "flag",
  clientAuthenticatorType: "text",
  secret: "text",
  consentRequired: "flag",
  fullScopeAllowed: "flag",
  standardFlowEnabled: "flag",
  implicitFlowEnabled: "flag",
  directAccessGrantsEnabled: "flag",
  serviceAccountsEnabled: "flag",
  authorizationServicesEnabled: "flag",
  frontchannelLogout: "flag",
  defaultClientScopes: "texts",
  optionalClientScopes: "texts",
  protocolMappers: "mappers",
  defaultRoles: "texts",
  notBefore: "number",
  nodeReRegistrationTimeout: "number",
  registeredNodes: "entries",
  authenticationFlowBindingOverrides: "entries",
  authorizationSettings: "text",
  attributes: "entries",
};

/** A client of these fields, the others absent. */
export function client(fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(FIELDS, name)) {
      throw new TypeError(`a client has no field '${name}' (wit/client.wit, in camel case)`);
    }
    if (value !== null && value !== undefined && !is[FIELDS[name]](value)) {
      throw new TypeError(`the field '${name}' of a client can't be ${shown(value)}`);
    }
  }
  const absent = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, null]));
  return { ...absent, ...fields, attributes: fields.attributes ?? [] };
}

/** A violation: a message, or `{ message, field, value, error, hint }`, all but `message` may be absent. */
export function violation(given) {
  const { message, ...more } = typeof given === "string" ? { message: given } : given;
  if (typeof message !== "string") {
    throw new TypeError(`a violation needs a message, and ${shown(given)} has none`);
  }
  const text = (value) => (value === null || value === undefined ? null : wellFormed(String(value)));
  return { message: text(message), error: text(more.error), field: text(more.field), value: text(more.value), hint: text(more.hint) };
}

/** The client with the changes: present fields replace, attributes are merged and removed by an empty value. */
export function amended(client, changes) {
  const result = { ...client };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined) {
      continue;
    }
    result[name] = FIELDS[name] === "entries" ? merged(client[name] ?? [], value) : value;
  }
  return result;
}

function merged(entries, changes) {
  const values = new Map([...entries, ...changes].map(({ name, value }) => [name, value]));
  return [...values].filter(([, value]) => value !== "").map(([name, value]) => ({ name, value }));
}

/** A value in a message. */
export function shown(value) {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : Array.isArray(value) ? "such a list" : String(value).slice(0, 100);
}
