// What conditions and executors of client policies in JavaScript are written with: `component` turns classes into what
// the server calls.
//
// An instance of a class is one condition or executor as an administrator set it up. Both have
//
//   static id, version, helpText      texts
//   static properties                 the settings (record config-property in wit/config.wit); may be absent
//   constructor(settings)             reads the settings; throws SettingError
//
// A condition says whether a client policy applies. It also gets the setting `is-negative-logic`, which turns it around.
//
//   static reads                      fields of the client that count (`["public-client"]`); absent: it may be any
//   judge(request, event, proposed, stored)    true, false, or null: nothing to say about this event
//
// An executor has some of these, and is run on their events (wit/client-policy.wit):
//
//   onRequest(request, proposed, stored)       before a client is registered (stored is null) or changed; as sent
//   onResult(request, client, before)          before it is stored, with everything it will have
//   onView(request, stored)                    before it is shown
//   onUnregister(request, stored)              before it is deleted
//
// Names are those of the contract (wit/) in camel case: `redirect-uris` is `redirectUris`. What is absent is null.
// `request` is the context: `request.caller.address`, `request.now` (a BigInt), … Nothing is kept from one call to the next.
// `console.log` writes to the server's log, and so does an exception that nobody catches, with its place.

import clients from "matricula:registration/clients@0.1.0";
import { amended, client, shown, violation } from "./client.js";
import { told } from "./exceptions.js";
import { host as base } from "./host.js";
import { SettingError, Settings, check, find, form } from "./settings.js";

export { SettingError } from "./settings.js";

/** What the server answers: `host` of wit/facts.wit, and the roles of a stored client by its internal id. */
export const host = { ...base, rolesOf: (id) => clients.rolesOf(id) };

/** No objection. */
export const pass = () => ({ tag: "pass" });

/** No objection, but change these fields. In onRequest and onResult only. */
export const amend = (fields) => ({ tag: "amend", val: client(fields) });

/** Refuse the request, with an error code of RFC 7591 §3.2.2: `refuse("invalid_redirect_uri", "No ports", { field, value })`. */
export const refuse = (error, message, more = {}) => ({ tag: "refuse", val: violation({ ...more, error, message }) });

/** Let the caller keep the registration access token that it came with. */
export const keepRegistrationAccessToken = () => ({ tag: "keep-registration-access-token" });

/** What the server calls, made of classes. */
export function component({ conditions = [], executors = [] }) {
  const kinds = { condition: conditions, executor: executors };
  const read = (role, { provider, config }) => new (find(kinds[role], provider))(new Settings(config));
  const wrong = told((role, part) => check(() => read(role, part)));

  return {
    describe: told(() => ({
      conditions: conditions.map((kind) => ({
        ...described(kind),
        reads: kind.reads ?? null,
        properties: form([NEGATIVE, ...(kind.properties ?? [])]),
      })),
      executors: executors.map((kind) => ({
        ...described(kind),
        events: Object.keys(EVENTS).filter((event) => EVENTS[event] in kind.prototype),
        properties: form(kind.properties),
      })),
    })),

    checkConfig(role, part) {
      const errors = wrong(role, part);
      if (errors) {
        throw errors;
      }
    },

    judge: told((event, context, proposed, stored, parts) =>
      parts.map((part) =>
        answered(() => {
          const verdict = read("condition", part).judge(context, event, proposed ?? null, stored ?? null);
          if (verdict !== null && typeof verdict !== "boolean") {
            throw new TypeError(`judge returns ${shown(verdict)}, not true, false or null`);
          }
          const turned = new Settings(part.config).switch(NEGATIVE.name) === true;
          return verdict === null ? "abstain" : verdict !== turned ? "yes" : "no";
        }),
      ),
    ),

    execute: told((event, context, proposed, stored, parts) => {
      const outcomes = [];
      for (const part of parts) {
        const outcome = answered(() => {
          const given = event === "view" || event === "unregister" ? [stored] : [proposed, stored ?? null];
          const outcome = read("executor", part)[EVENTS[event]](context, ...given);
          if (!["pass", "amend", "refuse", "keep-registration-access-token"].includes(outcome?.tag)) {
            throw new TypeError(`${EVENTS[event]} returns ${shown(outcome)}, not pass(), amend(…) or refuse(…)`);
          }
          return outcome;
        });
        outcomes.push(outcome);
        if (outcome.tag === "err" || outcome.val.tag === "refuse") {
          break;
        }
        // Each executor sees the client as amended by those before it.
        if (outcome.val.tag === "amend") {
          proposed = amended(proposed, outcome.val.val);
        }
      }
      return outcomes;
    }),
  };
}

const described = ({ id, version, helpText }) => ({ id, version, helpText });

/** The answer, or what is wrong with a setting: then the request is refused, and the operator told. */
function answered(ask) {
  try {
    return { tag: "ok", val: ask() };
  } catch (error) {
    if (!(error instanceof SettingError)) {
      throw error;
    }
    return { tag: "err", val: `${error.message} (setting '${error.property}')` };
  }
}

const EVENTS = {
  register: "onRequest",
  registered: "onResult",
  update: "onRequest",
  updated: "onResult",
  view: "onView",
  unregister: "onUnregister",
};

const NEGATIVE = {
  name: "is-negative-logic",
  label: "Negative Logic",
  helpText: "If On, the result of condition's evaluation is reverted from true to false and vice versa.",
  type: "boolean",
  defaultValue: "false",
};
