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
// `request` is the context: `request.caller.address`, `request.now` (a BigInt), … Nothing is kept from one call to the next.
// `console.log` writes to the server's log, and so does an exception that nobody catches, with its place.

import { amended, client, shown, violation } from "./client.js";
import { told } from "./exceptions.js";
import { SettingError, Settings, check, find, form } from "./settings.js";

export { host } from "./host.js";
export { SettingError } from "./settings.js";

/** No objection, if these conditions hold when the client is stored; usually there are none. */
export const accept = (...conditions) => ({ tag: "accept", val: conditions });

/** No objection, but change these fields. In afterRegister and afterUpdate only. */
export const amend = (fields) => ({ tag: "amend", val: client(fields) });

/** Store the client disabled until an administrator approves. In afterRegister only. */
export const hold = (reason) => ({ tag: "hold", val: String(reason) });

/** Refuse the request: violations as a message or `{ message, field, value, error, hint }`; all but `message` may be absent. */
export const reject = (...violations) => ({ tag: "reject", val: violations.map(violation) });

/** A condition for `accept`: fewer than so many clients in the realm, else this violation. */
export const clientCountBelow = (limit, otherwise) => ({
  kind: { tag: "client-count-below", val: limit },
  otherwise: violation(otherwise),
});

/** What the server calls, made of classes. */
export function component(...kinds) {
  const read = ({ provider, config }) => new (find(kinds, provider))(new Settings(config));
  const wrong = told((policy) => check(() => read(policy)));

  return {
    describe: told(() =>
      kinds.map((kind) => ({
        id: kind.id,
        version: kind.version,
        helpText: kind.helpText,
        hooks: Object.keys(HOOKS).filter((hook) => HOOKS[hook] in kind.prototype),
        allowsOrigins: "allowedOrigins" in kind.prototype,
        properties: form(kind.properties),
      })),
    ),

    checkConfig(policy) {
      const errors = wrong(policy);
      if (errors) {
        throw errors;
      }
    },

    evaluate: told((hook, context, proposed, stored, policies) =>
      policies.map((policy) => {
        const clients = [proposed, stored].filter((client) => client !== null && client !== undefined);
        const decision = decide(() => read(policy)[HOOKS[hook]](context, ...clients), HOOKS[hook]);
        // Each policy sees the client as amended by those before it.
        if (hook.startsWith("after-") && decision.tag === "amend") {
          proposed = amended(proposed, decision.val);
        }
        return decision;
      }),
    ),

    allowedOrigins: told((context, policies) => policies.flatMap((policy) => read(policy).allowedOrigins(context))),
  };
}

/** The decision; a setting that can't be read refuses the request. */
function decide(ask, method) {
  let decision;
  try {
    decision = ask();
  } catch (error) {
    if (!(error instanceof SettingError)) {
      throw error;
    }
    return reject({
      message: "The policy is not configured correctly",
      hint: `${error.message} (setting '${error.property}')`,
    });
  }
  if (!["accept", "amend", "hold", "reject"].includes(decision?.tag)) {
    throw new TypeError(`${method} returns ${shown(decision)}, not accept(), amend(…), hold(…) or reject(…)`);
  }
  return decision;
}

const HOOKS = {
  "before-register": "beforeRegister",
  "after-register": "afterRegister",
  "before-update": "beforeUpdate",
  "after-update": "afterUpdate",
  "before-view": "beforeView",
  "before-delete": "beforeDelete",
};
