// A client's document at provider `openid-connect` → its metadata for oidc-provider, which refuses a client for a value
// that it does not take. Values that only offer the client something more are left out when they are of that kind;
// values that demand something stay, so that such a client is refused and never served with less than it asked for.

import type { AdapterPayload } from "oidc-provider";
import { MatriculaError } from "./error.js";

/** What Matricula answers (RFC 7591 §3.2.1). */
export type ClientDocument = Readonly<Record<string, unknown>>;

/** What oidc-provider is given. */
export type Metadata = AdapterPayload;

/** What the provider takes, where it is not configured as it comes. */
export interface MetadataOptions {
  /**
   * The provider's grant types that clients may have. Default: those that oidc-provider has without further features,
   * `authorization_code`, `implicit` and `refresh_token`.
   */
  grantTypes?: readonly string[];
  /** `responseTypes` of the provider. Default: `code`, `id_token`, `code id_token`, `none`. */
  responseTypes?: readonly string[];
  /** `acrValues` of the provider. Default: none. */
  acrValues?: readonly string[];
  /**
   * Limits clients to the scopes that they are registered for. Without it each may ask for all that the provider has.
   * `supported`: those of the provider, of its `claims` too. `always`: what every client may ask for besides; default:
   * `openid` and `offline_access`.
   */
  scopes?: { supported: readonly string[]; always?: readonly string[] };
  /** Changes what a client becomes; undefined: it is unknown. */
  adapt?: (metadata: Metadata, document: ClientDocument) => Metadata | undefined;
}

const GRANT_TYPES = ["authorization_code", "implicit", "refresh_token"];
const RESPONSE_TYPES = ["code", "id_token", "code id_token", "none"];
const SCOPES = ["openid", "offline_access"];

/** Grant types that come with a response type. */
const FLOWS = ["authorization_code", "implicit"];

/** What stands for a secret that the service account may not see. */
const MASK = "**********";

/** Members that are taken as they are, if they are texts. */
const TEXTS = [
  "client_id",
  "client_name",
  "subject_type",
  "sector_identifier_uri",
  "jwks_uri",
  "token_endpoint_auth_method",
  "token_endpoint_auth_signing_alg",
  "tls_client_auth_subject_dn",
  "id_token_signed_response_alg",
  "id_token_encrypted_response_alg",
  "id_token_encrypted_response_enc",
  "userinfo_signed_response_alg",
  "userinfo_encrypted_response_alg",
  "userinfo_encrypted_response_enc",
  "authorization_signed_response_alg",
  "authorization_encrypted_response_alg",
  "authorization_encrypted_response_enc",
  "request_object_signing_alg",
  "request_object_encryption_alg",
  "request_object_encryption_enc",
  "backchannel_logout_uri",
  "backchannel_token_delivery_mode",
  "backchannel_client_notification_endpoint",
  "backchannel_authentication_request_signing_alg",
];

/** Texts that are addresses of pages, for people: one that is none is left out. */
const PAGES = ["client_uri", "logo_uri", "policy_uri", "tos_uri"];

const FLAGS = [
  "require_auth_time",
  "require_pushed_authorization_requests",
  "dpop_bound_access_tokens",
  "tls_client_certificate_bound_access_tokens",
  "backchannel_logout_session_required",
];

const NUMBERS = ["client_id_issued_at", "default_max_age"];

/** Authentication methods that a secret is used for. */
const WITH_SECRET = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];

/** As oidc-provider tells what is one. */
const EMAIL = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*$/;

/** What the client is for oidc-provider; undefined: none that it can know. */
export function metadataOf(document: ClientDocument, options: MetadataOptions): Metadata | undefined {
  // Clients of SAML, and those that authenticate in a way that metadata has no name for, have no method.
  if (!isText(document["token_endpoint_auth_method"])) {
    return undefined;
  }
  const redirectUris = redirectUrisOf(document["redirect_uris"]);
  const metadata: Record<string, unknown> = {
    ...copied(document, TEXTS, isText),
    ...copied(document, PAGES, isPage),
    ...copied(document, FLAGS, (value) => typeof value === "boolean"),
    ...copied(document, NUMBERS, isCount),
    ...copied(document, ["initiate_login_uri"], (value) => isPage(value) && value.startsWith("https:")),
    ...copied(document, ["jwks"], (value) => typeof value === "object" && value !== null),
    ...secretOf(document),
    ...flowsOf(document, options),
    ...scopeOf(document, options),
    application_type: applicationTypeOf(document["application_type"], redirectUris),
    redirect_uris: redirectUris,
    post_logout_redirect_uris: redirectUrisOf(document["post_logout_redirect_uris"]),
    contacts: texts(document["contacts"]).filter((contact) => EMAIL.test(contact)),
    ...contextOf(document, options),
  };
  // To Keycloak `any` says that no algorithm is demanded.
  if (metadata["request_object_signing_alg"] === "any") {
    delete metadata["request_object_signing_alg"];
  }
  return options.adapt ? options.adapt(metadata as Metadata, document) : (metadata as Metadata);
}

function copied(document: ClientDocument, members: string[], fits: (value: unknown) => boolean): ClientDocument {
  return Object.fromEntries(members.map((member) => [member, document[member]] as const).filter(([, value]) => fits(value)));
}

/** The secret and its end, of clients that have one. */
function secretOf(document: ClientDocument): ClientDocument {
  if (document["client_secret"] === MASK && WITH_SECRET.includes(String(document["token_endpoint_auth_method"]))) {
    const message = `The service account may not see the secret of client '${String(document["client_id"])}': it needs the role manage-clients`;
    throw new MatriculaError(message, { status: 200 });
  }
  if (!isText(document["client_secret"]) || document["client_secret"] === MASK) {
    return {};
  }
  return copied(document, ["client_secret", "client_secret_expires_at"], (value) => isText(value) || isCount(value));
}

/** Authentication context classes that the provider has. Even an empty list demands of a client to ask for `openid`. */
function contextOf(document: ClientDocument, options: MetadataOptions): ClientDocument {
  const values = texts(document["default_acr_values"]).filter((value) => options.acrValues?.includes(value));
  return values.length > 0 ? { default_acr_values: values } : {};
}

/** Grant and response types that the provider has, too; neither is left without the other that it needs. */
function flowsOf(document: ClientDocument, options: MetadataOptions): ClientDocument {
  const { grantTypes = GRANT_TYPES, responseTypes = RESPONSE_TYPES } = options;
  const taken = responseTypes.map(inOrder);
  const granted = texts(document["grant_types"]).filter((type) => grantTypes.includes(type));
  const allowed = texts(document["response_types"]).filter(
    (type) => taken.includes(inOrder(type)) && grantsOf(type).every((grant) => granted.includes(grant)),
  );
  const isIdle = (grant: string) => FLOWS.includes(grant) && !allowed.some((type) => grantsOf(type).includes(grant));
  return { grant_types: granted.filter((grant) => !isIdle(grant)), response_types: allowed };
}

/** Grant types without which a response type is not to be had. */
function grantsOf(responseType: string): string[] {
  return [...new Set(responseType.split(" ").map((word) => (word.endsWith("token") ? "implicit" : "authorization_code")))];
}

/** `token id_token` and `id_token token` are the same. */
function inOrder(responseType: string): string {
  return responseType.split(" ").sort().join(" ");
}

function scopeOf(document: ClientDocument, { scopes }: MetadataOptions): ClientDocument {
  if (!scopes) {
    return {};
  }
  const named = isText(document["scope"]) ? document["scope"].split(" ") : [];
  const allowed = new Set([...(scopes.always ?? SCOPES), ...named]);
  return { scope: [...allowed].filter((scope) => scopes.supported.includes(scope)).join(" ") };
}

/** Redirect URIs that can match: oidc-provider compares them exactly, so one that is relative or a pattern never does. */
function redirectUrisOf(value: unknown): string[] {
  return texts(value).filter((uri) => URL.canParse(uri) && !uri.includes("*") && !uri.includes("#"));
}

/** As registered; else `native` where some URI is one of software on the user's machine, and none speaks against it. */
function applicationTypeOf(value: unknown, redirectUris: string[]): string {
  if (value === "web" || value === "native") {
    return value;
  }
  const urls = redirectUris.map((uri) => new URL(uri));
  const isLoopback = (url: URL) => ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const isOfMachine = (url: URL) => url.protocol !== "https:" && (url.protocol !== "http:" || isLoopback(url));
  const isOfWeb = (url: URL) => url.protocol === "https:" && !isLoopback(url);
  return urls.some(isOfMachine) && urls.every((url) => isOfMachine(url) || isOfWeb(url)) ? "native" : "web";
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isPage(value: unknown): value is string {
  return isText(value) && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(isText) : [];
}
