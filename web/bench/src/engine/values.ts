// Values of the contract as JSON and back, by the types of wit/ (host/src/cli/policy/value.rs): a field added to the
// contract needs nothing here. tests/cases/README.md says how they are written.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** A type of the contract; of the data around it also a map of texts to values, and any JSON. */
export type Type =
  | 'bool'
  | 'string'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 's32'
  | 'json'
  | { option: Type | null }
  | { list: Type | null }
  | { map: Type }
  | { tuple: (Type | null)[] }
  | { record: [name: string, type: Type | null][] }
  | { enum: string[] }
  | { variant: [name: string, type: Type | null][] }
  | { result: [ok: Type | null, err: Type | null] };

/** A function of the contract. */
export interface Signature {
  params: [name: string, type: Type][];
  result: Type | null;
}

/** What makes a case impossible to read or to run. */
export class Mistake extends Error {}

/** Says where a mistake is. */
export function within<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Mistake ? new Mistake(`${place}: ${error.message}`) : error;
  }
}

const RANGES: Record<string, [number, number]> = {
  u8: [0, 255],
  u16: [0, 65_535],
  u32: [0, 4_294_967_295],
  u64: [0, Number.MAX_SAFE_INTEGER],
  s32: [-2_147_483_648, 2_147_483_647],
};

const isObject = (json: unknown): json is JsonObject => typeof json === 'object' && json !== null && !Array.isArray(json);

/** Reads a value of a type, as functions of components take it. Throws a {@link Mistake} that says what does not fit, and where. */
export function read(json: Json | undefined, type: Type): unknown {
  switch (type) {
    case 'json':
      return json;
    case 'bool':
      if (typeof json !== 'boolean') throw new Mistake('true or false is expected');
      return json;
    case 'string':
      return text(json);
    case 'u64':
      return BigInt(number(json, type));
    case 'u8':
    case 'u16':
    case 'u32':
    case 's32':
      return number(json, type);
  }
  if ('option' in type) return json === null || json === undefined ? undefined : read(json, type.option as Type);
  if ('list' in type) return readList(json, type.list as Type);
  if ('map' in type) {
    if (!isObject(json)) throw new Mistake('an object is expected');
    return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, within(name, () => read(value, type.map))]));
  }
  if ('tuple' in type) {
    if (!Array.isArray(json)) throw new Mistake('a list is expected');
    if (json.length !== type.tuple.length) throw new Mistake(`${type.tuple.length} values are expected`);
    return json.map((value, at) => read(value, type.tuple[at] as Type));
  }
  if ('record' in type) return readRecord(json, type.record);
  if ('enum' in type) {
    const name = text(json);
    if (!type.enum.includes(name)) throw new Mistake(`"${name}" is none of ${type.enum.join(', ')}`);
    return name;
  }
  if ('variant' in type) {
    const [name, data] = caseOf(json);
    const found = type.variant.find(([known]) => known === name);
    if (!found) throw new Mistake(`"${name}" is none of ${type.variant.map(([known]) => known).join(', ')}`);
    const val = readData(name, data, found[1]);
    return found[1] === null ? { tag: name } : { tag: name, val };
  }
  const [name, data] = caseOf(json);
  if (name !== 'ok' && name !== 'err') throw new Mistake(`"${name}" is neither ok nor err`);
  return { tag: name, val: readData(name, data, type.result[name === 'ok' ? 0 : 1]) };
}

function text(json: Json | undefined): string {
  if (typeof json !== 'string') throw new Mistake('a text is expected');
  return json;
}

function number(json: Json | undefined, type: string): number {
  const [from, to] = RANGES[type] as [number, number];
  if (typeof json !== 'number' || !Number.isInteger(json) || json < from || json > to) {
    throw new Mistake('a number in the range of the field is expected');
  }
  return json;
}

/** A case of a variant: its name, or an object with its name and its data. */
function caseOf(json: Json | undefined): [name: string, data?: Json] {
  if (typeof json === 'string') return [json];
  const [entry, more] = isObject(json) ? Object.entries(json) : [];
  if (!entry || more) throw new Mistake('a text or an object with one member is expected');
  return entry;
}

function readData(name: string, data: Json | undefined, type: Type | null): unknown {
  if (type === null) {
    if (data !== undefined && data !== null) throw new Mistake(`${name} has no data`);
    return undefined;
  }
  if (data === undefined) throw new Mistake(`${name} needs data`);
  return within(name, () => read(data, type));
}

function readRecord(json: Json | undefined, fields: [string, Type | null][]): unknown {
  if (!isObject(json)) throw new Mistake('an object is expected');
  const unknown = Object.keys(json).find((name) => !fields.some(([field]) => field === name));
  if (unknown !== undefined) throw new Mistake(`there is no "${unknown}", only ${fields.map(([field]) => field).join(', ')}`);
  return Object.fromEntries(
    fields.map(([name, type]) => {
      // Null says as much as absence.
      const value = Object.hasOwn(json, name) ? json[name] : undefined;
      return [camel(name), value === undefined || value === null ? nothing(name, type as Type) : within(name, () => read(value, type as Type))];
    }),
  );
}

/** What an absent member stands for. */
function nothing(name: string, type: Type): unknown {
  if (type === 'bool') return false;
  if (typeof type === 'object' && 'option' in type) return undefined;
  if (typeof type === 'object' && 'list' in type) return type.list === 'u8' ? new Uint8Array() : [];
  throw new Mistake(`"${name}" is missing`);
}

function readList(json: Json | undefined, element: Type): unknown {
  if (element === 'u8') {
    // A document.
    if (typeof json === 'string') return new TextEncoder().encode(json);
    if (isObject(json)) return new TextEncoder().encode(JSON.stringify(json));
    throw new Mistake('a text or an object is expected');
  }
  const pair = pairOf(element);
  if (isObject(json) && pair) {
    const [, [valueName, valueType]] = pair;
    return Object.entries(json).map(([name, value]) => ({ name, [camel(valueName)]: within(name, () => read(value, valueType as Type)) }));
  }
  if (!Array.isArray(json)) throw new Mistake('a list is expected');
  return json.map((value, at) => within(`number ${at + 1}`, () => read(value, element)));
}

/** The fields of a record that is a name with a value or values: such lists are written as objects. */
function pairOf(type: Type): [[string, Type | null], [string, Type | null]] | undefined {
  if (typeof type !== 'object' || !('record' in type)) return undefined;
  const [name, value, more] = type.record;
  return name?.[0] === 'name' && (value?.[0] === 'value' || value?.[0] === 'values') && !more ? [name, value] : undefined;
}

/** Writes a value that a component answered. What is absent, empty or false is left out of records, as nothing is lost by that. */
export function write(value: unknown, type: Type): Json {
  if (typeof type === 'string') return type === 'u64' ? Number(value) : (value as Json);
  if ('option' in type) return value === undefined || value === null ? null : write(value, type.option as Type);
  if ('list' in type) return writeList(value as unknown[] | Uint8Array, type.list as Type);
  if ('map' in type || 'enum' in type) return value as Json;
  if ('tuple' in type) return (value as unknown[]).map((one, at) => write(one, type.tuple[at] as Type));
  if ('record' in type) {
    const members = type.record.map(([name, field]) => [name, field, (value as Record<string, unknown>)[camel(name)]] as const);
    return Object.fromEntries(members.filter(([, field, one]) => !isNothing(one, field as Type)).map(([name, field, one]) => [name, write(one, field as Type)]));
  }
  const { tag, val } = value as { tag: string; val?: unknown };
  if ('variant' in type) {
    const data = type.variant.find(([name]) => name === tag)?.[1] ?? null;
    return data === null ? tag : { [tag]: write(val, data) };
  }
  const data = type.result[tag === 'ok' ? 0 : 1];
  return { [tag]: data === null ? null : write(val, data) };
}

/** Whether a field says as much when it is left out. */
function isNothing(value: unknown, type: Type): boolean {
  if (type === 'bool') return value === false;
  if (typeof type !== 'object') return false;
  if ('option' in type) return value === undefined || value === null;
  return 'list' in type && (value as unknown[]).length === 0;
}

function writeList(values: unknown[] | Uint8Array, element: Type): Json {
  if (element === 'u8') return values.length === 0 ? [] : document(new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(values as Uint8Array)));
  const list = values as unknown[];
  const pair = pairOf(element);
  if (pair && list.length > 0) {
    const [, [valueName, valueType]] = pair;
    const entries = list.map((one) => [(one as { name: string }).name, write((one as Record<string, unknown>)[camel(valueName)], valueType as Type)] as const);
    // Names are unique; if a component says otherwise, that is to be seen.
    if (new Set(entries.map(([name]) => name)).size === list.length) return Object.fromEntries(entries);
  }
  return list.map((one) => write(one, element));
}

/** A document that is a JSON object: how it is spaced says nothing. */
function document(text: string): Json {
  try {
    const json: Json = JSON.parse(text);
    if (isObject(json)) {
      checkJson(json);
      return json;
    }
  } catch {
    // It is another text.
  }
  return text;
}

/** Makes sure that JSON says the same to every reader: no number that a browser cannot hold, no half of a character. */
export function checkJson(json: Json): void {
  if (typeof json === 'number' && Math.abs(json) > Number.MAX_SAFE_INTEGER) {
    throw new Mistake(`${json} is too large a number: beyond ${Number.MAX_SAFE_INTEGER} a text is needed`);
  }
  if (typeof json === 'string' && !json.isWellFormed()) throw new Mistake('a text holds half of a character');
  if (Array.isArray(json)) json.forEach(checkJson);
  else if (isObject(json)) {
    Object.keys(json).forEach(checkJson);
    Object.values(json).forEach(checkJson);
  }
}

/** Whether two values are the same; the order of members says nothing. */
export function same(one: Json, other: Json): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [ofOne, ofOther] = [Object.entries(one), Object.entries(other)];
  return ofOne.length === ofOther.length && ofOne.every(([name, value]) => Object.hasOwn(other, name) && same(value as Json, (other as JsonObject)[name] as Json));
}

/** A name of the contract in TypeScript: `redirect-uris` is `redirectUris`. */
export function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
