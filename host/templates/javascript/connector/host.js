// What the server offers to a connector: its log, and nothing else (interface `log` in wit/facts.wit).

import server from "matricula:registration/log@0.2.0";

export const host = {
  /** A line in the server's log; level: debug, info, warn or error. Never secrets. */
  log: (level, message) => server.write(level, wellFormed(String(message)).slice(0, LONGEST)),
};

/** Where the time is: there is no clock. */
export const NOW = "`target.now`";

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
