// A realm in which every page has something to show.

import { fileURLToPath } from 'node:url';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from './server.mjs';

const components = fileURLToPath(new URL('../../../target/test-components', import.meta.url));

/** A server with realm `shop`, which has clients of all kinds, realm `empty`, realm `open`, which takes registrations from anybody, and realm `behind`, which has targets; `ids` names what pages are about. */
export async function prepared() {
  if (!existsSync(components)) {
    throw new Error(`${components} is missing: run \`cargo xtask build\`, which makes it`);
  }
  // A folder as an operator has it: some files can be used, one cannot.
  const folder = mkdtempSync(join(tmpdir(), 'matricula-policies-'));
  for (const [name, file] of [['unruly', 'unruly'], ['gate', 'gate-open'], ['plain-text', 'plain-text'], ['for-another-server', 'wrong-world']]) {
    copyFileSync(join(components, `${file}.wasm`), join(folder, `${name}.wasm`));
  }
  const server = await start('--policies', folder);
  const stop = server.stop;
  server.stop = () => stop().then(() => rmSync(folder, { recursive: true, force: true }));
  await server.admin('POST', '/realms', { realm: 'empty', enabled: true });
  await server.admin('POST', '/realms', { realm: 'open', enabled: true });
  const closed = (await server.admin('GET', '/realms/open/components')).find(({ providerId }) => providerId === 'trusted-hosts');
  await server.admin('DELETE', `/realms/open/components/${closed.id}`);
  await server.admin('POST', '/realms', { realm: 'shop', enabled: true, eventsEnabled: true });
  const policy = (name, providerId, subType, config = {}) =>
    server.admin('POST', '/realms/shop/components', { name, providerId, subType, providerType: 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy', config });
  const tokens = [];
  for (const body of [{ name: 'partners', count: 20, expiration: 86400 }, { count: 1 }, { name: 'build server', count: 50, expiration: 3600, policies: [{ name: 'Ask users', providerId: 'consent-required' }] }]) {
    tokens.push((await server.admin('POST', '/realms/shop/clients-initial-access', body)).token);
  }
  for (const name of ['billing', 'storefront', 'warehouse', 'newsletter-service-with-a-rather-long-client-id-that-has-to-break-somewhere']) {
    await server.register('shop', { clientId: name, name: name.slice(0, 20), description: `What ${name.slice(0, 12)} needs to sign in`, redirectUris: [`https://${name.slice(0, 12)}.example.com/callback`] }, { token: tokens[0] });
  }
  await server.register('shop', { clientId: 'ci-app', consentRequired: false }, { token: tokens[2] });
  await server.register('shop', { clientId: 'spent' }, { token: tokens[1] });
  for (const [clientId, uri] of [
    ['stranger', 'https://stranger.example.com/cb'],
    ['phisher', 'http://203.0.113.7/cb'],
  ]) {
    await server.register('shop', { clientId, redirectUris: [uri], defaultClientScopes: ['no-such-scope'] });
  }
  await policy('Only a few', 'max-clients', 'authenticated', { 'max-clients': ['5'], mode: ['shadow'] });
  await server.register('shop', { clientId: 'watched' }, { token: tokens[0] });
  await policy('Look first', 'holds', 'authenticated');
  await server.register('shop', { clientId: 'newcomer', name: 'Newcomer', redirectUris: ['https://newcomer.example.com/cb'] }, { token: tokens[0] });
  await server.admin('PUT', '/realms/shop/client-policies/profiles', { profiles: [{ name: 'pkce', description: 'Public clients prove who asked for the code', executors: [{ executor: 'pkce-enforcer', configuration: { 'auto-configure': true } }] }] });
  await server.admin('PUT', '/realms/shop/client-policies/policies', {
    policies: [{ name: 'public clients', description: 'Browsers and phones', enabled: true, conditions: [{ condition: 'client-access-type', configuration: { type: ['public'] } }], profiles: ['pkce', 'fapi-1-baseline'] }],
  });
  await policy('Gate', 'gate', 'authenticated');
  await server.register('shop', { clientId: 'gatecrasher' }, { token: tokens[0] });
  await gate(server);
  await server.register('shop', { clientId: 'late' }, { token: tokens[0] });
  await server.admin('PUT', '/realms/shop', { lifeCycle: { neverUsedAfter: 30 * 86_400, idleAfter: 90 * 86_400 } });
  await server.admin('POST', '/realms/shop/client-life-cycle/run', {});
  const one = async (path) => (await server.admin('GET', `/realms/shop/${path}`))[0];
  const behind = await targets(server);
  const asleep = (await one('clients?clientId=warehouse')).id;
  await server.admin('POST', `/realms/shop/clients/${asleep}/hibernate`);
  const ids = {
    ...behind,
    asleep,
    client: (await one('clients?clientId=billing')).id,
    held: (await one('clients?clientId=newcomer')).id,
    policy: (await server.admin('GET', '/realms/shop/components')).find((it) => it.providerId === 'trusted-hosts').id,
    mappers: (await server.admin('GET', '/realms/shop/components')).find((it) => it.providerId === 'allowed-protocol-mappers').id,
    refused: (await one('client-registration-policy/decisions?outcome=reject')).id,
    held_decision: (await one('client-registration-policy/decisions?outcome=hold')).id,
  };
  return { server, ids };
}

/** Another version of component `gate` is uploaded and watched. */
async function gate(server) {
  const headers = { Authorization: `Bearer ${await server.token()}`, 'Content-Type': 'application/wasm' };
  const answer = await fetch(`${server.url}/admin/components/gate?activate=false`, { method: 'PUT', headers, body: readFileSync(join(components, 'gate-shut.wasm')) });
  if (!answer.ok) throw new Error(await answer.text());
  const { active, versions } = await answer.json();
  await server.admin('PUT', '/components/gate/shadow', { digest: versions.find(({ digest }) => digest !== active).digest });
}

/** Realm `behind`, with targets of which none can be reached: a client is on its way to them, another one leaves. */
async function targets(server) {
  await server.admin('POST', '/realms', { realm: 'behind', enabled: true });
  const behind = (method, path, body) => server.admin(method, `/realms/behind/${path}`, body);
  // Nobody answers there.
  const nowhere = 'http://127.0.0.1:9';
  const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
  await behind('POST', 'targets', { name: 'sso', connector: 'keycloak', url: nowhere, wait: 0, credentials: { type: 'client-credentials', tokenUrl: `${nowhere}/token`, clientId: 'matricula', clientSecret: 'secret' } });
  await behind('POST', 'targets', { name: 'hydra', connector: 'hydra', url: nowhere, wait: 0, enabled: false });
  await behind('POST', 'targets', { name: 'directory', connector: 'webhook', url: nowhere, wait: 0, credentials: { type: 'standard-webhooks', secrets: [secret] } });
  for (const clientId of ['under-way', 'deleted']) await behind('POST', 'clients', { clientId });
  const [[underWay], [deleted]] = [await behind('GET', 'clients?clientId=under-way'), await behind('GET', 'clients?clientId=deleted')];
  await behind('DELETE', `clients/${deleted.id}`);
  return { underWay: underWay.id, deleted: deleted.id };
}

/** Realm `demo`, in which partners have registered clients and strangers have tried to. */
export async function demonstrated(server) {
  await server.admin('POST', '/realms', { realm: 'demo', enabled: true });
  const policy = (name, providerId, config = {}) =>
    server.admin('POST', '/realms/demo/components', { name, providerId, subType: 'authenticated', providerType: 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy', config });
  const { token } = await server.admin('POST', '/realms/demo/clients-initial-access', { name: 'partners', count: 50 });
  const register = (name, more = {}, auth = { token }) => server.register('demo', { clientId: name, name, redirectUris: [`https://${name}.example.com/callback`], ...more }, auth);
  for (const name of ['billing', 'storefront', 'warehouse', 'newsletter', 'helpdesk', 'payroll', 'careers', 'intranet', 'reports']) await register(name);
  for (const name of ['crawler', 'probe', 'giveaway']) await register(name, { redirectUris: [`http://${name}.example.net/cb`] }, {});
  for (const name of ['mobile-app', 'kiosk']) await register(name, { defaultClientScopes: ['everything'] });
  await policy('Few clients at a time', 'max-clients', { 'max-clients': ['10'], mode: ['shadow'] });
  for (const name of ['inventory', 'travel']) await register(name);
  await policy('Ask users', 'consent-required');
  for (const name of ['loyalty', 'surveys']) await register(name);
}

/** Every page: name of its picture, address, and a text that is there when it is. */
export const pages = (ids) => [
  ['start', '/shop', 'Show as a table'],
  ['start-empty', '/empty', 'Nobody registered'],
  ['start-open', '/open', 'nothing limits how often'],
  ['clients', '/shop/clients', 'storefront'],
  ['clients-waiting', '/shop/clients?show=waiting', 'new clients are looked at first'],
  ['clients-none-found', '/shop/clients?search=nothing', 'No client found'],
  ['clients-asleep', '/shop/clients?show=asleep', 'warehouse'],
  ['clients-many', '/shop/clients/many?clientId=a', 'Host of a redirect URI'],
  ['life-cycle', '/shop/clients/life-cycle', 'Try them'],
  ['life-cycle-secrets', '/shop/clients/life-cycle/secrets', 'Callers ask again every'],
  ['jobs', '/shop/clients/jobs', 'Run of the rules'],
  ['jobs-empty', '/empty/clients/jobs', 'No jobs'],
  ['client-create', '/shop/clients/create', 'Valid redirect URIs'],
  ['client-details', `/shop/clients/${ids.client}`, 'Internal ID'],
  ['client-asleep', `/shop/clients/${ids.asleep}`, 'It is asleep since'],
  ['client-life', `/shop/clients/${ids.asleep}/life`, 'Put to sleep by an administrator'],
  ['client-held', `/shop/clients/${ids.held}`, 'waits for an administrator'],
  ['client-credentials', `/shop/clients/${ids.client}/credentials`, 'Regenerate token'],
  ['client-origin', `/shop/clients/${ids.client}/origin`, 'Registered by'],
  ['client-representation', `/shop/clients/${ids.client}/representation`, 'As it is stored'],
  ['tokens', '/shop/clients/tokens', 'build server'],
  ['tokens-empty', '/empty/clients/tokens', 'No initial access tokens'],
  ['token-create', '/shop/clients/tokens/create', 'Web origins'],
  ['policies-anonymous', '/shop/clients/registration/anonymous', 'Full Scope Disabled'],
  ['policies-open', '/open/clients/registration/anonymous', 'nothing limits how often'],
  ['policies-authenticated', '/shop/clients/registration/authenticated', 'Look first'],
  ['policy-create', '/shop/clients/registration/anonymous/create', 'Provider'],
  ['policy-trusted-hosts', `/shop/clients/registration/anonymous/${ids.policy}`, 'The caller must be trusted'],
  ['policy-mappers', `/shop/clients/registration/anonymous/${ids.mappers}`, 'Allowed mapper types'],
  ['try-it', '/shop/clients/registration/anonymous/try', 'From which address'],
  ['decisions', '/shop/decisions', 'was refused by'],
  ['decisions-empty', '/empty/decisions', 'No decisions yet'],
  ['decision-refused', `/shop/decisions/${ids.refused}`, 'What would help'],
  ['decision-held', `/shop/decisions/${ids.held_decision}`, 'wants an administrator'],
  ['events', '/shop/events', '127.0.0.1'],
  ['events-off', '/empty/events', 'Events are off'],
  ['client-profiles', '/shop/client-policies', 'fapi-1-baseline'],
  ['client-profile', '/shop/client-policies/profiles/edit/pkce', 'Auto-configure'],
  ['client-profile-global', '/shop/client-policies/profiles/edit/fapi-1-baseline', 'A profile of the server'],
  ['client-policies', '/shop/client-policies/policies', 'public clients'],
  ['client-policies-empty', '/empty/client-policies/policies', 'No client policies'],
  ['client-policy', '/shop/client-policies/policies/edit/public%20clients', 'client-access-type'],
  ['targets', '/behind/targets', 'directory'],
  ['targets-empty', '/empty/targets', 'No targets'],
  ['target-create', '/behind/targets/-/create', 'Connector'],
  ['target', '/behind/targets/sso', 'Registrations'],
  ['target-deliveries', '/behind/targets/sso/deliveries', 'under-way'],
  ['target-sweeps', '/behind/targets/sso/sweeps', 'Compare with the target'],
  ['target-adopt', '/behind/targets/sso/adopt', 'Show differences'],
  ['target-settings', '/behind/targets/sso/settings', 'Token URL'],
  ['target-settings-webhook', '/behind/targets/directory/settings', 'Signing secrets'],
  ['clients-pending', '/behind/clients?show=pending', 'under-way'],
  ['clients-leaving', '/behind/clients?show=leaving', 'deleted'],
  ['client-targets', `/behind/clients/${ids.underWay}/targets`, 'Generation'],
  ['client-leaving', `/behind/clients/${ids.deleted}`, 'on its way out'],
  ['realm-settings', '/shop/settings', 'Trusted issuers'],
  ['realm-create', '/-/create-realm', 'Realm name'],
  ['components', '/-/components', 'Drop a component file'],
  ['component', '/-/components/gate', 'Decides'],
  ['not-found', '/nowhere', 'There is no realm'],
];
