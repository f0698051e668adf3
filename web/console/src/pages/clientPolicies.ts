// The two documents of client policies, and what they are made of.

import { admin, query, request } from '../api/http';
import type { ClientPolicy, Config, Profile, Property, Provider } from '../api/types';
import { isMany } from '../parts/ProviderForm';

export interface Documents {
  policies: ClientPolicy[];
  profiles: Profile[];
  globalProfiles: Profile[];
  conditions: Provider[];
  executors: Provider[];
}

export async function load(realm: string, signal: AbortSignal): Promise<Documents> {
  const [policies, profiles, parts] = await Promise.all([
    request<{ policies: ClientPolicy[] }>(admin(realm, 'client-policies', 'policies'), { signal }),
    request<{ profiles: Profile[]; globalProfiles?: Profile[] }>(`${admin(realm, 'client-policies', 'profiles')}${query({ 'include-global-profiles': true })}`, { signal }),
    request<{ conditions: Provider[]; executors: Provider[] }>(admin(realm, 'client-policies', 'providers'), { signal }),
  ]);
  return { policies: policies.policies, profiles: profiles.profiles, globalProfiles: profiles.globalProfiles ?? [], ...parts };
}

export const storePolicies = (realm: string, policies: ClientPolicy[]) => request(admin(realm, 'client-policies', 'policies'), { method: 'PUT', body: { policies } });
export const storeProfiles = (realm: string, profiles: Profile[]) => request(admin(realm, 'client-policies', 'profiles'), { method: 'PUT', body: { profiles } });

/** A configuration as a form shows it. */
export function toForm(configuration: Record<string, unknown> | undefined): Config {
  const entries = Object.entries(configuration ?? {}).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : [typeof value === 'object' ? JSON.stringify(value) : String(value)]]));
}

/** A form as a configuration: switches become true or false, lists lists. Keys without a field stay as they were. */
export function fromForm(properties: Property[], config: Config, before: Record<string, unknown> = {}): Record<string, unknown> {
  const configuration: Record<string, unknown> = { ...before };
  for (const property of properties) {
    const values = (config[property.name] ?? []).filter((value) => value.trim() !== '');
    if (values.length === 0) {
      delete configuration[property.name];
    } else if (isMany(property)) {
      configuration[property.name] = values;
    } else {
      configuration[property.name] = property.type === 'boolean' ? values[0] === 'true' : values[0];
    }
  }
  return configuration;
}
