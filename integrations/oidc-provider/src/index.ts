// What the package offers: an adapter for node oidc-provider whose clients are those of a realm of Matricula.

export { matriculaAdapter, type MatriculaAdapterOptions } from "./adapter.js";
export type { CacheOptions } from "./clients.js";
export type { ClientDocument, MetadataOptions } from "./metadata.js";
export { MatriculaError } from "./error.js";
