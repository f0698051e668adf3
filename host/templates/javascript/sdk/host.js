// What the server answers: interfaces `realm` and `facts` in wit/facts.wit.

import facts from "matricula:registration/facts@0.1.0";
import realm from "matricula:registration/realm@0.1.0";

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
  /** A line in the server's log; level: debug, info, warn or error. */
  log: (level, message) => facts.log(level, wellFormed(String(message)).slice(0, LONGEST)),
};

/** Where the time is: there is no clock. */
export const NOW = "`request.now`";

/** Letters of a log line. */
const LONGEST = 2000;

/** A text that the server can read: JavaScript's may hold halves of characters. */
export const wellFormed = (text) => text.toWellFormed();

// What is written to the console goes to the log.
const line = (level) => (...values) => host.log(level, values.map(shown).join(" "));
globalThis.console = { debug: line("debug"), log: line("info"), info: line("info"), warn: line("warn"), error: line("error") };

function shown(value) {
  if (typeof value === "string" || value instanceof Error) {
    return String(value);
  }
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? Number(inner) : inner)) ?? String(value);
}
