// What a connector in JavaScript is written with: `component` turns classes into what the server calls.
//
// A class is a kind of target, an instance of it one target as an administrator set it up. It has
//
//   static id, version, helpText      texts
//   static properties                 the settings (record config-property in wit/deps/…/config.wit); may be absent
//   static credentials                ways to authorize: "none", "bearer", "basic", "client-credentials", "standard-webhooks"
//   static protocols                  absent: "openid-connect" and "saml"
//   static furtherUrls                names of base URLs beside the one without a name; may be absent
//   static able                       what its targets can: flags `abilities` of wit/connector.wit, in camel case
//   constructor(settings, target)     reads the settings; throws SettingError
//   begin(task)                       the first step of a task
//   proceed(task, state, response)    the step after a response
//   review(client)                    losses: [{ field, message, value, becomes }]; throws Refused; may be absent
//   wanted(client)                    the fields as the target should show them, an object as for `shown`; may be absent
//
// A task has its name as `kind` ("put", "remove", "look", "enumerate", "probe", "held") and its members beside it:
// `task.client`, `task.known`, `task.adopt`, `task.next` (of "enumerate"). A step is one of the functions below. `state` is
// what was given to `call`; nothing else is kept from one call to the next. No answer, and 429 and 503 with `Retry-After`,
// are dealt with before `proceed`.
//
// Names are those of the contract (wit/) in camel case: `redirect-uris` is `redirectUris`. What is absent is null.
// `console.log` writes to the server's log, and so does an exception that nobody catches, with its place.

import { violation } from "./client.js";
import { told } from "./exceptions.js";
import { SettingError, Settings, check, find, form } from "./settings.js";
import { Response, bytes, text } from "./response.js";
import { attributes, fingerprint } from "./owned.js";
import { Stop } from "./stop.js";

export { host } from "./host.js";
export { unordered } from "./owned.js";
export { SettingError } from "./settings.js";

/** Percent-encodes a part of a path or a value of a query. */
export const encode = (text) =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

/** Make this call below the target's base URL, then go on with `proceed` from this state. */
export function call(method, path, state, { json, headers = {}, url = null, anonymous = false } = {}) {
  const all = { accept: "application/json", ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers };
  return {
    tag: "call",
    val: {
      method,
      url,
      path,
      headers: Object.entries(all).map(([name, value]) => ({ name, value: String(value) })),
      body: json === undefined ? null : bytes(JSON.stringify(json)),
      authorize: !anonymous,
      state: bytes(JSON.stringify(state ?? null)),
    },
  };
}

const done = (tag, val) => ({ tag: "done", val: val === undefined ? { tag } : { tag, val } });
const optional = (value) => (value === null || value === undefined ? null : String(value));
const knowing = (known) => (known === null || known === undefined ? null : bytes(String(known)));

/**
 * The target has the client as it should be, or not any more. `known` is given to the next task about it, `key` is the
 * target's id of it. `shown` has the fields that we own, as the target shows them, and never a secret; absent: it shows
 * nothing. `losses` is what it dropped or changed, `issued` what it made itself: { clientId, secret }.
 */
export const finished = ({ known, key, shown, losses = [], issued } = {}) =>
  done("finished", {
    known: knowing(known),
    key: optional(key),
    fingerprint: shown ? fingerprint(shown) : null,
    shown: attributes(shown ?? {}),
    losses: losses.map(loss),
    issued: issued ? { clientId: optional(issued.clientId), secret: optional(issued.secret) } : null,
  });

/** The client that was there before is not there. */
export const missing = () => done("missing");

/** Clients that bear our mark: [{ id, clientId, known, shown }]; `next` of a further page. */
export const page = (clients, next) =>
  done("page", {
    clients: clients.map(({ id, clientId, known, shown }) => ({
      id: optional(id),
      clientId,
      known: bytes(String(known ?? "")),
      fingerprint: shown ? fingerprint(shown) : null,
    })),
    next: knowing(next),
  });

/** The answer to a probe: what the target is. */
export const ready = (what) => done("ready", String(what));

/** The target will never take this client: a message, or { message, field, value }. */
export const refused = (why) => ({ tag: "refused", val: violation(why) });

/** It has a client of this name that is not ours: its id there, the mark that it bears, its fields. */
export const foreign = ({ key, mark, shown } = {}) => ({
  tag: "foreign",
  val: { key: optional(key), mark: optional(mark), shown: attributes(shown ?? {}) },
});

/** It wants nothing any more. */
export const gone = (why) => ({ tag: "gone", val: String(why) });

/** Not this time. */
export const failed = (why) => ({ tag: "failed", val: String(why) });

/** Not before so many seconds. */
export const wait = (seconds) => ({ tag: "wait", val: { seconds, state: new Uint8Array() } });

/** Why a target could never take a client: violations as a message or `{ message, field, value }`. For `review`. */
export class Refused extends Error {
  constructor(...violations) {
    super("refused");
    this.violations = violations.map(violation);
  }
}

const loss = ({ field, message, value, becomes }) => ({
  field,
  value: optional(value),
  becomes: optional(becomes),
  message,
});

/** What the server calls, made of classes. */
export function component(...kinds) {
  const read = (target) => new (find(kinds, target.kind))(new Settings(target.config), target);
  const wrong = told((target) => check(() => read(target)));

  /** The step of a connector; what a helper found out ends the task. */
  const stepping = (ask) => {
    try {
      const step = ask();
      if (typeof step?.tag !== "string") {
        throw new TypeError("begin and proceed return a step: call(…), finished(…), refused(…) or the like");
      }
      return step;
    } catch (error) {
      if (error instanceof Stop) {
        return error.step;
      }
      if (error instanceof SettingError) {
        return failed(error.message);
      }
      throw error;
    }
  };
  const begin = (task, target) => stepping(() => read(target).begin(task));
  const reviewing = told((client, target) => {
    try {
      return { ok: (read(target).review?.(client) ?? []).map(loss) };
    } catch (error) {
      if (error instanceof Refused) {
        return { refused: error.violations };
      }
      if (error instanceof SettingError) {
        return { refused: [violation(error.message)] };
      }
      throw error;
    }
  });

  return {
    describe: told(() =>
      kinds.map((kind) => ({
        id: kind.id,
        version: kind.version,
        helpText: kind.helpText,
        properties: form(kind.properties),
        furtherUrls: kind.furtherUrls ?? [],
        credentials: kind.credentials,
        protocols: kind.protocols ?? ["openid-connect", "saml"],
        able: abilities(kind.able ?? []),
      })),
    ),

    checkConfig(target) {
      const errors = wrong(target);
      if (errors) {
        throw errors;
      }
    },

    review(client, target) {
      const { ok, refused } = reviewing(client, target);
      if (refused) {
        throw refused;
      }
      return ok;
    },

    wanted: told((client, target) => attributes(read(target).wanted?.(client) ?? {})),

    begin: told((task, target) => begin(taskOf(task), target)),

    proceed: told((task, target, state, answer) => {
      const named = taskOf(task);
      switch (answer.tag) {
        case "unreachable":
          return failed(answer.val);
        case "resumed":
          // Each task is safe to repeat, and after a pause nothing that was seen before counts.
          return begin(named, target);
        default: {
          const response = new Response(answer.val);
          const seconds = response.retryAfter(target.now);
          return seconds === null ? stepping(() => read(target).proceed(named, JSON.parse(text(state)), response)) : wait(seconds);
        }
      }
    }),
  };
}

/** A task with its members beside its name. */
function taskOf({ tag, val }) {
  const given = (value) => (value === null || value === undefined ? null : text(value));
  switch (tag) {
    case "enumerate":
      return { kind: tag, next: given(val) };
    case "probe":
      return { kind: tag };
    default:
      return { kind: tag, ...val, known: given(val.known) };
  }
}

const ABILITIES = ["takesOurId", "issues", "shows", "showsSecrets", "enumerates", "disables", "hearsHeld"];

/** The flags of the contract. */
function abilities(named) {
  const unknown = named.find((name) => !ABILITIES.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`there is no ability '${unknown}', only ${ABILITIES.join(", ")}`);
  }
  return Object.fromEntries(ABILITIES.map((name) => [name, named.includes(name)]));
}
