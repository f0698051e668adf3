// The adapter: clients come from Matricula, everything else is kept where oidc-provider keeps it without this package.

import type { Adapter, AdapterConstructor, AdapterFactory, AdapterPayload } from "oidc-provider";
import MemoryAdapter from "oidc-provider/lib/adapters/memory_adapter.js";
import { AccessTokens } from "./access-token.js";
import { type CacheOptions, Clients } from "./clients.js";
import type { MatriculaError } from "./error.js";
import type { MetadataOptions } from "./metadata.js";

export interface MatriculaAdapterOptions extends MetadataOptions {
  /** Address of Matricula, such as `https://register.example.com`. */
  url: string;
  /** Name of the realm. */
  realm: string;
  /** Client of that realm with a service account that may `manage-clients`; `view-clients`, if no client has a secret. */
  clientId: string;
  clientSecret: string;
  /** What keeps everything but clients, as in oidc-provider's own configuration. Default: its memory. */
  adapter?: AdapterConstructor | AdapterFactory;
  /** How long answers count. */
  cache?: CacheOptions;
  /** Seconds that a request to Matricula may take. Default: 5. */
  timeout?: number;
  /** Told of failures that nobody noticed, as a client was served from the cache. Default: nobody is told. */
  onError?: (error: MatriculaError) => void;
}

/** What `adapter` in the configuration of oidc-provider is to be. */
export function matriculaAdapter(options: MatriculaAdapterOptions): AdapterFactory {
  const { url, realm: name, clientId, clientSecret, timeout = 5 } = options;
  const realm = `${new URL(url).href.replace(/\/+$/, "")}/realms/${encodeURIComponent(name)}`;
  const tokenUrl = `${realm}/protocol/openid-connect/token`;
  const tokens = new AccessTokens({ tokenUrl, clientId, clientSecret, timeout });
  const clients = new Clients({ realm, tokens, timeout, onError: options.onError ?? ignore }, options, options.cache);
  const others = options.adapter ?? (MemoryAdapter as AdapterConstructor);
  return (model) => (model === "Client" ? new ClientAdapter(clients) : made(others, model));
}

function ignore(): void {}

function made(adapter: AdapterConstructor | AdapterFactory, model: string): Adapter {
  // As oidc-provider tells them apart: a function that can't be constructed has no prototype, or it is no object.
  return isConstructor(adapter) ? new adapter(model) : adapter(model);
}

function isConstructor(adapter: AdapterConstructor | AdapterFactory): adapter is AdapterConstructor {
  return typeof adapter.prototype === "object" && adapter.prototype !== null;
}

/** Clients are read here, and registered, changed and deleted at Matricula. */
class ClientAdapter implements Adapter {
  readonly #clients: Clients;

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#clients.find(id);
  }

  async upsert(): Promise<void> {
    throw elsewhere();
  }

  async destroy(): Promise<void> {
    throw elsewhere();
  }

  async consume(): Promise<void> {
    throw elsewhere();
  }

  async revokeByGrantId(): Promise<void> {}

  async findByUid(): Promise<undefined> {}

  async findByUserCode(): Promise<undefined> {}
}

function elsewhere(): Error {
  return new Error("Clients are registered at Matricula: switch the feature `registration` of oidc-provider off");
}
