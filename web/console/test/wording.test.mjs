// The sentences about decisions.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const folder = mkdtempSync(join(tmpdir(), 'matricula-wording-'));
let wording;

before(async () => {
  const entry = fileURLToPath(new URL('../src/wording/decisions.ts', import.meta.url));
  await build({ configFile: false, logLevel: 'error', build: { outDir: folder, lib: { entry, formats: ['es'], fileName: () => 'decisions.mjs' } } });
  wording = await import(join(folder, 'decisions.mjs'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const caller = { kind: 'anonymous', address: '203.0.113.9' };
const decision = (changes) => ({ id: 'x', time: 0, provider: 'default', operation: 'register', caller, outcome: 'reject', violations: [], policies: [], ...changes });
const violation = (changes) => ({ policy: 'Trusted Hosts', provider: 'trusted-hosts', message: 'Host not trusted.', ...changes });
const policy = (changes) => ({ name: 'Consent', provider: 'consent-required', component: 'p@1', mode: 'enforce', hook: 'after-register', verdict: 'accept', violations: [], changes: [], micros: 1, ...changes });

test('the summary names what was asked, by whom, and who refused', () => {
  for (const [changes, expected] of [
    [{ violations: [violation(), violation({ policy: 'Max' })] }, 'The registration by an anonymous caller at 203.0.113.9 (Keycloak JSON) was refused by “Trusted Hosts” and “Max”.'],
    [{ operation: 'update', clientId: 'app', provider: 'openid-connect', outcome: 'accept' }, 'The update of client “app” by an anonymous caller at 203.0.113.9 (OpenID Connect metadata) was let through.'],
    [{ outcome: 'hold', clientId: 'app' }, 'The registration of client “app” by an anonymous caller at 203.0.113.9 (Keycloak JSON) was let through, and the client waits for an administrator.'],
    [{ outcome: 'accept', caller: { ...caller, origin: 'https://a.example' } }, 'The registration by an anonymous caller at 203.0.113.9 on a page of https://a.example (Keycloak JSON) was let through.'],
    [{ outcome: 'accept', provider: 'my-own' }, 'The registration by an anonymous caller at 203.0.113.9 (my-own) was let through.'],
  ]) {
    assert.equal(wording.summary(decision(changes)), expected);
  }
});

test('an objection says which policy, which value, and what would help', () => {
  const [host, uri] = wording.sentences(decision({ violations: [violation(), violation({ field: 'redirectUris', value: 'https://app.example.com/cb', message: "URI doesn't match" })] }));
  assert.equal(host.text, '“Trusted Hosts” refused it: Host not trusted.');
  assert.equal(host.help, 'Add 203.0.113.9, its host name or its network to the trusted hosts of “Trusted Hosts”. Or give the caller an initial access token: other policies apply then.');
  assert.equal(uri.text, '“Trusted Hosts” refused redirectUris “https://app.example.com/cb”: URI doesn\'t match.');
  assert.equal(uri.help, 'Add app.example.com to the trusted hosts of “Trusted Hosts”, or register with addresses of a trusted host.');
});

test('every built-in policy has advice of its own, others a general one', () => {
  const general = wording.advice(violation({ provider: 'my-own' }), caller);
  assert.equal(general, 'Look at the settings of “Trusted Hosts”.');
  for (const provider of ['trusted-hosts', 'max-clients', 'allowed-client-templates', 'allowed-protocol-mappers', 'scope', 'consent-required', 'client-disabled', 'registration-web-origins']) {
    assert.notEqual(wording.advice(violation({ provider }), caller), general, provider);
  }
});

test('changes, shadow mode and agreement are told apart', () => {
  const sentences = wording.sentences(
    decision({
      outcome: 'accept',
      policies: [
        policy({ verdict: 'amend', changes: [{ field: 'consentRequired', before: false, after: true }] }),
        policy({ name: 'Max', verdict: 'reject', mode: 'shadow', violations: [violation({ policy: 'Max', provider: 'max-clients', message: 'Too many' })] }),
        policy({ name: 'Scopes' }),
        policy({ name: 'Scopes', hook: 'before-register' }),
        policy({ name: 'Mappers' }),
      ],
    }),
  );
  assert.deepEqual(
    sentences.map(({ kind, text }) => [kind, text]),
    [
      ['changed', '“Consent” changed consentRequired from false to true.'],
      ['shadow', '“Max” would have refused it: Too many. It is in shadow mode, so nothing came of it.'],
      ['agreed', '“Scopes” and “Mappers” had no objection.'],
    ],
  );
  assert.match(sentences[1].help, /Raise the limit/);
});

test('the watched version of a component speaks beside the one that decides', () => {
  const gate = (changes) => policy({ name: 'Gate', provider: 'gate', hook: 'before-register', ...changes });
  const shut = { verdict: 'reject', violations: [violation({ policy: 'Gate', provider: 'gate', message: 'The gate is shut' })] };
  const kinds = (policies, changes) => wording.sentences(decision({ policies, ...changes })).map(({ kind, text }) => [kind, text]);
  assert.deepEqual(kinds([gate(), gate({ mode: 'shadow', component: 'gate@2', ...shut })]), [
    ['shadow', '“Gate” would have refused it: The gate is shut. That is the version which is only watched, so nothing came of it.'],
    ['agreed', '“Gate” had no objection.'],
  ]);
  const refused = kinds([gate(shut), gate({ mode: 'shadow', component: 'gate@2' })], { violations: shut.violations });
  assert.deepEqual(refused, [['refused', '“Gate” refused it: The gate is shut.']]);
});
