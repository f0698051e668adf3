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

test('what has no answer is named, with its component, the way it failed and where to look', () => {
  const failure = { kind: 'time', message: 'The component gave no answer within the 1000 ms that a call may take.' };
  const slow = policy({ name: 'Slow', provider: 'slow', component: 'slow@0123456789abcdef', verdict: 'fail', failure });
  const failed = decision({ failed: true, failure: { step: 'after-register', policy: 'Slow', provider: 'slow', component: slow.component, ...failure }, policies: [policy(), slow] });
  assert.equal(wording.summary(failed), 'The registration by an anonymous caller at 203.0.113.9 (Keycloak JSON) was refused, as “Slow” has no answer.');
  const [first, second] = wording.sentences(failed);
  assert.deepEqual([first.kind, first.text], ['failed', '“Slow” could not decide (slow@01234567…): The component gave no answer within the 1000 ms that a call may take.']);
  assert.equal(first.help, "The server's log says more: look for decision x.");
  assert.deepEqual([second.kind, second.text], ['agreed', '“Consent” had no objection.']);

  const silent = decision({ failed: true, caller: { ...caller, kind: 'unknown' }, provider: 'plain-text', failure: { step: 'parse', provider: 'plain-text', component: 'text@1', kind: 'trap', message: 'The component crashed.' } });
  assert.equal(wording.summary(silent), 'The registration by a caller whose token was not verified at 203.0.113.9 (plain-text) was refused, as document format “plain-text” has no answer.');
  assert.equal(wording.sentences(silent)[0].text, 'Document format “plain-text” could not handle the request (parse) (text@1): The component crashed.');

  const condition = { condition: 'moody', component: 'parts@1', verdict: 'fail', failure: { kind: 'error', message: 'The component says that it cannot tell: no mood' } };
  const strict = { name: 'Strict', event: 'register', applies: false, conditions: [condition], executors: [] };
  assert.equal(wording.sentences(decision({ failed: true, clientPolicies: [strict] }))[0].text, 'Client policy “Strict”, condition moody, could not decide (parts@1): The component says that it cannot tell: no mood');
});

test('a policy that came with an initial access token says with which', () => {
  const token = { id: '1a2b', name: 'partners' };
  const objection = violation({ policy: 'Few', provider: 'max-clients', message: 'Too many' });
  const [refused] = wording.sentences(decision({ violations: [objection], policies: [policy({ name: 'Few', provider: 'max-clients', verdict: 'reject', token, violations: [objection] })] }));
  assert.equal(refused.text, '“Few”, which came with initial access token “partners” (1a2b), refused it: Too many.');
  assert.match(refused.help, /none of the realm's: it came with the token/);
});

test('a hint helps where nothing better is known', () => {
  const objection = violation({ policy: 'Own', provider: 'my-own' });
  const said = policy({ name: 'Own', provider: 'my-own', verdict: 'reject', violations: [{ ...objection, hint: 'the list is in the setting “allowed”' }] });
  assert.equal(wording.sentences(decision({ violations: [objection], policies: [said] }))[0].help, 'the list is in the setting “allowed”.');
});

test('a watched version says what it would have decided, also where the other one was not asked', () => {
  const held = policy({ name: 'Gate', provider: 'gate', hook: 'after-register', mode: 'shadow', component: 'gate@2', verdict: 'hold', reason: 'look at it' });
  const open = policy({ name: 'Gate', provider: 'gate', hook: 'before-register', component: 'gate@1' });
  const watched = [{ component: 'gate@2', verdict: 'hold', differs: true, policies: ['Gate'], reason: 'look at it' }];
  const said = wording.sentences(decision({ outcome: 'accept', watched, policies: [open, held] })).map(({ kind, text }) => [kind, text]);
  assert.deepEqual(said, [
    ['shadow', '“Gate” would have held the client: look at it. That is the version which is only watched, so nothing came of it.'],
    ['shadow', 'Version gate@2, which is only watched, would have held the client: look at it.'],
    ['agreed', '“Gate” had no objection.'],
  ]);
});

test('a held client says why', () => {
  const [held] = wording.sentences(decision({ outcome: 'hold', policies: [policy({ name: 'Gate', verdict: 'hold', reason: 'somebody has to look' })] }));
  assert.equal(held.text, '“Gate” wants an administrator to look at the client first: somebody has to look.');
});
