// The settings of a policy, condition or executor, as an administrator made them.

/** What is wrong with a setting; the administrator is told. */
export class SettingError extends Error {
  constructor(property, message) {
    super(message);
    this.property = property;
  }
}

export class Settings {
  #values;

  constructor(config) {
    this.#values = new Map(config.map(({ name, values }) => [name, values]));
  }

  /** Every value that is not blank. */
  list(name) {
    return (this.#values.get(name) ?? []).filter((value) => value.trim() !== "");
  }

  /** The value; null: there is none. */
  text(name) {
    const values = this.list(name);
    if (values.length > 1) {
      throw new SettingError(name, `'${name}' should be a single entry`);
    }
    return values[0] ?? null;
  }

  /** The value as a whole number. */
  number(name) {
    const text = this.text(name);
    if (text !== null && !/^[+-]?\d+$/.test(text)) {
      throw new SettingError(name, `'${name}' should be a number`);
    }
    return text === null ? null : Number(text);
  }

  /** The value as true or false. */
  switch(name) {
    const text = this.text(name);
    if (text !== null && text !== "true" && text !== "false") {
      throw new SettingError(name, `'${name}' should be 'true' or 'false'`);
    }
    return text === null ? null : text === "true";
  }
}

/** The first class of this id. */
export function find(kinds, id) {
  const kind = kinds.find((kind) => kind.id === id);
  if (!kind) {
    throw new SettingError(null, `this component has no '${id}'`);
  }
  return kind;
}

/** Settings for the administrator's form (record config-property in wit/config.wit). */
export const form = (properties = []) => properties.map((property) => ({ ...NO_PROPERTY, ...property }));

const NO_PROPERTY = {
  label: "",
  helpText: "",
  type: "String",
  defaultValue: null,
  options: [],
  secret: false,
  required: false,
};

/** Runs `read`; what is wrong with a setting is what the server is told. */
export function check(read) {
  try {
    read();
    return null;
  } catch (error) {
    if (!(error instanceof SettingError)) {
      throw error;
    }
    return [{ property: error.property, message: error.message }];
  }
}
