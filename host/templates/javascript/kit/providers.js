// What a registration provider in JavaScript is written with: `component` turns classes into what the server calls.
//
// A provider reads and writes one kind of document, at `/clients-registrations/{id}`. Its class has
//
//   static id                         last part of the address
//   static operations                 some of "register", "read", "update", "delete"
//   static contentTypes               media types of its documents
//   static protocol                   "openid-connect" or "saml"; absent: clients of any
//   static crossOrigin                whether web pages of other origins may call it; absent: no
//   static clientAuthentication       whether a client may read with its own id and secret; absent: no
//   parse(document, operation)        a client as sent: the fields that `document.text` names, others are absent
//   complete(sent, stored, issued)    the full client; may be absent: defaults for a new one, else `stored` with the changes
//   render(client, registration)      the document of a client: { contentType, text }
//   validate(client, operation)       may throw Refused; may be absent
//   documentName(field)               a field of the client ("redirect-uris") as the document calls it; null: not at all
//
// Each of them may throw Refused, which is answered 400.
// Names are those of the contract (wit/) in camel case: `redirect-uris` is `redirectUris`. What is absent is null.
// `console.log` writes to the server's log, and so does an exception that nobody catches, with its place.

import fetch from "matricula:registration/fetch@0.1.0";
import { amended, client, violation } from "./client.js";
import { told } from "./exceptions.js";
import { host as base } from "./host.js";

/** What the server answers (wit/facts.wit). `get(url)` fetches a document: { status, contentType, text }; it throws. */
export const host = {
  ...base,
  get: (url) => {
    const { status, contentType, body } = fetch.get(url);
    return { status, contentType, text: decoded(body) };
  },
};

/** What is wrong with a document: violations as a message or `{ message, field, value, error, hint }`. */
export class Refused extends Error {
  constructor(...violations) {
    super("refused");
    this.violations = violations.map(violation);
  }
}

/** A full client: of a new one what was sent and the defaults of the rest, of another one the changes. */
export function full(sent, stored, issued) {
  if (stored) {
    return amended(stored, sent);
  }
  const given = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== null));
  const isPublic = given.publicClient === true;
  return client({
    ...NEW,
    secret: isPublic ? null : issued.secret,
    ...given,
    id: issued.id,
    clientId: given.clientId ?? issued.id,
  });
}

/** What the server calls, made of classes. */
export function component(...kinds) {
  const of = (id) => new (kinds.find((kind) => kind.id === id))();
  const document = ({ contentType, text }) => ({ contentType, body: encoded(text) });
  /** What a call answers: `Refused` becomes the error of the contract, which is thrown where nobody takes it for a fault. */
  const answering = (call) => {
    const calling = told((...given) => {
      try {
        return { ok: call(...given) };
      } catch (error) {
        if (!(error instanceof Refused)) {
          throw error;
        }
        return { refused: error.violations };
      }
    });
    return (...given) => {
      const { ok, refused } = calling(...given);
      if (refused) {
        throw refused;
      }
      return ok;
    };
  };

  return {
    describe: told(() =>
      kinds.map((kind) => ({
        id: kind.id,
        operations: kind.operations,
        contentTypes: kind.contentTypes,
        protocol: kind.protocol ?? null,
        crossOrigin: kind.crossOrigin ?? false,
        clientAuthentication: kind.clientAuthentication ?? false,
      })),
    ),
    parse: answering((id, operation, { contentType, body }) => client(of(id).parse({ contentType, text: decoded(body) }, operation))),
    complete: answering((id, sent, stored, issued) => {
      const provider = of(id);
      const made = provider.complete ? provider.complete(sent, stored ?? null, issued) : full(sent, stored ?? null, issued);
      return { client: client(made), effects: [] };
    }),
    finish: answering((id, operation, client, registration) => {
      const provider = of(id);
      provider.validate?.(client, operation);
      return document(provider.render(client, registration));
    }),
    render: told((id, client, registration) => document(of(id).render(client, registration))),
    documentName: told((id, field) => of(id).documentName(field) ?? null),
  };
}

/** Bytes as text; the language has no decoder of its own. */
function decoded(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.slice(at, at + 8192));
  }
  try {
    return decodeURIComponent(escape(text));
  } catch {
    throw new Refused("The document is not written in UTF-8");
  }
}

const encoded = (text) => Uint8Array.from(unescape(encodeURIComponent(text.toWellFormed())), (letter) => letter.charCodeAt(0));

/** What a new client has where its document says nothing. */
const NEW = {
  protocol: "openid-connect",
  enabled: true,
  alwaysDisplayInConsole: false,
  surrogateAuthRequired: false,
  redirectUris: [],
  webOrigins: [],
  publicClient: false,
  bearerOnly: false,
  clientAuthenticatorType: "client-secret",
  consentRequired: false,
  fullScopeAllowed: true,
  standardFlowEnabled: true,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  authorizationServicesEnabled: false,
  frontchannelLogout: false,
  defaultClientScopes: [],
  optionalClientScopes: [],
  protocolMappers: [],
  defaultRoles: [],
  notBefore: 0,
  nodeReRegistrationTimeout: -1,
  registeredNodes: [],
  authenticationFlowBindingOverrides: [],
};
