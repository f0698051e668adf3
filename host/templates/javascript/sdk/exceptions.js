// Exceptions are told before they end a call: the server only sees that it ended, in frames without names.

import { NOW, host } from "./host.js";

/** The function, whose exceptions go to the log with their message and place. */
export const told = (call) => (...given) => {
  try {
    return call(...given);
  } catch (error) {
    host.log("error", described(error));
    throw error;
  }
};

/** `TypeError: not a function, at beforeRegister (policy.js:28:5)`. */
function described(error) {
  const isObject = typeof error === "object" && error !== null;
  const [name, message] = isObject ? [text(() => error.name), text(() => error.message)] : ["", ""];
  const what = [name, message].filter((part) => part !== "").join(": ") || text(() => error) || "something without a text";
  const places = text(() => (isObject ? error.stack : "")).split("\n", 100).filter((place) => /^ *at .*\.js:/.test(place));
  // The frames of the kit say nothing to an author, unless there are no others.
  const own = places.filter((place) => !place.includes("/sdk/"));
  const where = (own.length > 0 ? own : places).slice(0, 5).map((place) => place.trim().replace("(/", "("));
  return [what.slice(0, 1000), ...where].join(", ");
}

/** What is asked for, as a text; whoever throws can make that throw, too. */
function text(ask) {
  try {
    return String(ask() ?? "");
  } catch {
    return "";
  }
}

// What is not there says so. Else these end the call without a word, or answer the same each time.
const absent = (what, why) => () => {
  throw new Error(`${what}: ${why}`);
};
const NO_CLOCK = `there is no clock here; the time is ${NOW}, in seconds`;
Math.random = absent("Math.random()", "there is no randomness here, it would answer the same each time");
Date.now = absent("Date.now()", NO_CLOCK);
globalThis.performance = { now: absent("performance.now()", NO_CLOCK) };
globalThis.Date = new Proxy(Date, {
  apply: absent("Date()", NO_CLOCK),
  construct: (date, given, target) => (given.length === 0 ? absent("new Date()", NO_CLOCK)() : Reflect.construct(date, given, target)),
});
