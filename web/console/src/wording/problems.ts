// Settings that can never work, told where they are typed: each function says what is wrong with a text, or nothing. The
// server stores most of them, as Keycloak does.

import type { Config, Property } from '../api/types';
import { isMany } from '../parts/ProviderForm';

type Problem = string | undefined;

/** The server's numbers have 32 bits. */
export const MOST = 2_147_483_647;

const SPACE = /\s/;

/** An address of four numbers. */
function isIPv4(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255 && String(Number(part)) === part);
}

function isIPv6(text: string): boolean {
  return text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
}

/** The address of a caller. */
export function ipAddress(address: string): Problem {
  const text = address.trim();
  return text === '' || isIPv4(text) || isIPv6(text) ? undefined : 'This is no address: 203.0.113.9, 2001:db8::9.';
}

/** The letters of a verification code as it is typed: in any case, with or without the hyphen. */
export function codeLetters(code: string): string {
  return code.trim().replaceAll('-', '').toUpperCase();
}

/** A verification code that is being typed. */
export function verificationCode(code: string): Problem {
  const letters = codeLetters(code);
  const strange = /[^BCDFGHJKLMNPQRSTVWXZ]/.exec(letters);
  if (strange) {
    return `No code has “${strange[0]}” in it: it is eight letters and none of them a vowel.`;
  }
  return letters.length > 8 ? 'A code has eight letters.' : undefined;
}

/** An entry of Trusted Hosts. */
export function trustedHost(entry: string): Problem {
  const text = entry.trim();
  if (text === '') {
    return undefined;
  }
  if (SPACE.test(text)) {
    return 'One host in a line: there is a blank in it.';
  }
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/i.exec(text);
  if (scheme) {
    const host = /^[^/?#@:]+/.exec(scheme[1] ?? '')?.[0];
    return `An entry is a host and never matches with a scheme before it.${host ? ` Write ${host} alone.` : ''}`;
  }
  const slash = text.indexOf('/');
  if (slash >= 0) {
    const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
    const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined;
    if (most === undefined) {
      return /^[\d.]+$/.test(address) ? `There is no address ${address}.` : `An entry is a host and never matches with a path behind it. Write ${address} alone.`;
    }
    return /^\d+$/.test(bits) && Number(bits) <= most ? undefined : `There is no such range: a number from 0 to ${most} follows the slash.`;
  }
  if (isIPv6(text.replace(/^\[(.*)\]$/, '$1'))) {
    return undefined;
  }
  const port = /^(.+):\d*$/.exec(text);
  if (port) {
    return `An entry is a host and never matches with a port behind it: a host is trusted at every port. Write ${port[1]} alone.`;
  }
  if (/[@?#:\\]/.test(text)) {
    return 'This is no host name and no address.';
  }
  if (text.replace(/^\*\./, '').includes('*')) {
    return text === '*' ? 'There is no entry for every host. Name domains: *.example.com.' : 'A * stands only at the beginning, before a dot: *.example.com.';
  }
  if (/^\d+(\.\d+){3}$/.test(text) && !isIPv4(text)) {
    return `There is no address ${text}.`;
  }
  return undefined;
}

/** The origin of a web page, as browsers send it; `special`: what stands for others. */
export function webOrigin(origin: string, special: string[] = []): Problem {
  const text = origin.trim();
  if (text === '' || special.includes(text)) {
    return undefined;
  }
  if (SPACE.test(text)) {
    return 'One origin in a line: there is a blank in it.';
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    return `An origin never matches without a scheme. Write https://${text.replace(/^\/*/, '')}.`;
  }
  if (text.includes('*')) {
    return special.includes('*') ? 'A * stands alone, for all origins.' : 'Each origin is named: a * means nothing here.';
  }
  const web = /^https?:/i.test(text);
  if (web && !URL.canParse(text)) {
    return 'This is no address.';
  }
  const sent = web ? new URL(text).origin : /^[^/]*\/\/[^/?#]+/.exec(text)?.[0];
  if (sent === undefined) {
    return 'There is no host behind the scheme.';
  }
  return sent === text ? undefined : `Browsers send ${sent}: write it so, without anything behind the host and its port.`;
}

/** The address that a realm is reached at, or the issuer of an authorization server. */
export function frontendUrl(url: string): Problem {
  const text = url.trim();
  if (text === '') {
    return undefined;
  }
  if (!/^https?:\/\//i.test(text)) {
    return `It begins with https:// or http://: ${/^[a-z0-9.-]+(:\d+)?(\/.*)?$/i.test(text) ? `https://${text}` : 'https://id.example.com'}.`;
  }
  if (SPACE.test(text) || !URL.canParse(text)) {
    return 'This is no address.';
  }
  const { search, hash, username, password } = new URL(text);
  if (search || hash || text.endsWith('?') || text.endsWith('#')) {
    return 'Nothing may follow a ? or #: it is the beginning of other addresses.';
  }
  return username || password ? 'A user name has no place in it.' : undefined;
}

/** Where the metadata of an authorization server is. */
export function metadataUrl(url: string): Problem {
  const text = url.trim();
  return text.includes('#') ? 'Nothing may follow a #: it is never sent.' : frontendUrl(text.split('?', 1)[0] ?? '');
}

const PERIODS = ['second', 'minute', 'hour', 'day'];

/** How often something may happen: `20/hour`, or `none`. */
export function rate(rate: string): Problem {
  const text = rate.trim();
  if (text === '' || text === 'none') {
    return undefined;
  }
  const [, number, period] = /^(\S+)\s*\/\s*(\S+)$/.exec(text) ?? [];
  if (number === undefined || period === undefined || !/^\+?\d+$/.test(number) || !PERIODS.includes(period)) {
    return 'A number, a slash, and second, minute, hour or day: 20/hour.';
  }
  return Number(number) === 0 ? 'Nobody could ever register: 1 is the least. To take registrations without a token away, let Trusted Hosts trust nobody.' : Number(number) > MOST ? 'That is too many.' : undefined;
}

/** The list of trusted issuers, as JSON. */
export function trustedIssuers(json: string): Problem {
  if (json.trim() === '') {
    return undefined;
  }
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch (error) {
    return `This is no JSON: ${(error as Error).message}`;
  }
  if (!Array.isArray(list)) {
    return 'It is a list: begin with [ and end with ].';
  }
  const members = ['issuer', 'audience', 'rolesClaim', 'jwksUri'];
  for (const [index, issuer] of list.entries()) {
    const place = `Issuer ${index + 1}`;
    if (typeof issuer !== 'object' || issuer === null || Array.isArray(issuer)) {
      return `${place} is no object.`;
    }
    const said = issuer as Record<string, unknown>;
    const unknown = Object.keys(said).find((name) => !members.includes(name));
    if (unknown !== undefined) {
      return `${place} has a member “${unknown}”, which there is not: ${members.join(', ')}.`;
    }
    const missing = members.find((name) => (name === 'jwksUri' ? said[name] !== undefined && said[name] !== null && typeof said[name] !== 'string' : typeof said[name] !== 'string' || said[name] === ''));
    if (missing !== undefined) {
      return `${place} needs “${missing}”, a text.`;
    }
    // Keys are fetched from these.
    const address = typeof said['jwksUri'] === 'string' ? 'jwksUri' : 'issuer';
    if (!/^https?:\/\/\S+$/i.test(String(said[address])) || !URL.canParse(String(said[address]))) {
      return `${place}: “${address}” is no address, so its keys are never found.`;
    }
  }
  return undefined;
}

/** Where a client may be sent back to. What begins with a slash is behind the root URL or the server's own address. */
export function redirectUri(uri: string): Problem {
  const text = uri.trim();
  if (text === '' || text === '*') {
    return undefined;
  }
  if (SPACE.test(text)) {
    return 'One address in a line: there is a blank in it.';
  }
  if (text.includes('#')) {
    return 'A redirect URI has no fragment: leave out what begins with #.';
  }
  if (text.slice(0, -1).includes('*')) {
    return 'A * stands only at the end: https://app.example.com/*.';
  }
  if (text.startsWith('/')) {
    return undefined;
  }
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text) || /^[a-z0-9.-]+:\d+(\/|$)/i.test(text)) {
    return `It never matches without a scheme. Write https://${text}.`;
  }
  return /^https?:/i.test(text) && !URL.canParse(text) ? 'This is no address.' : undefined;
}

/** The name of a realm, which is a part of addresses. */
export function realmName(name: string): Problem {
  const text = name.trim();
  const reserved = /[\s!*'();:@&=+$,/?#[\]%\\"<>{}|^`\u0000-\u001f]/.exec(text);
  if (reserved) {
    return SPACE.test(reserved[0]) ? 'It is a part of addresses: no blanks.' : `It is a part of addresses: no ${reserved[0]}.`;
  }
  if (text === '.' || text === '..') {
    return 'It is a part of addresses: not only dots.';
  }
  return new TextEncoder().encode(text).length > 255 ? 'It is too long: 255 letters are the most.' : undefined;
}

/** A text that has a column in the database. */
export function tooLong(text: string): Problem {
  return [...text.trim()].length > 255 ? 'It is too long: 255 letters are the most.' : undefined;
}

function whole(text: string, least: number, tooFew: string): Problem {
  if (!/^[+-]?\d+$/.test(text)) {
    return 'A whole number.';
  }
  return Number(text) < least ? tooFew : Number(text) > MOST ? `${MOST} is the most.` : undefined;
}

/** What a client has as JSON: [{"key":"k","value":"v"}]. */
function attributes(json: string): Problem {
  try {
    const list: unknown = JSON.parse(json);
    const isPair = (pair: unknown) => typeof pair === 'object' && pair !== null && 'key' in pair && 'value' in pair;
    return Array.isArray(list) && list.every(isPair) ? undefined : 'A list of pairs: [{"key":"k","value":"v"}].';
  } catch (error) {
    return `This is no JSON: ${(error as Error).message}`;
  }
}

/** Settings of Keycloak's own policies, conditions and executors, by provider and name. */
const known: Record<string, (value: string) => Problem> = {
  'trusted-hosts/trusted-hosts': trustedHost,
  'client-updater-source-host/trusted-hosts': trustedHost,
  'registration-web-origins/web-origins': (value) => webOrigin(value, ['*']),
  'max-clients/max-clients': (value) => whole(value, 7, 'No client could ever be registered: a realm has six clients of its own.'),
  'client-attributes/attributes': attributes,
  'client-updater-source-groups/groups': (value) => (value.includes('/') ? `Groups are named without their path. Write ${value.slice(value.lastIndexOf('/') + 1) || 'staff'}.` : undefined),
};

/** What is wrong with one value of a setting. */
export function ofValue(provider: string, property: Property, value: string): Problem {
  const text = value.trim();
  if (text === '') {
    return undefined;
  }
  const found = known[`${provider}/${property.name}`]?.(text);
  if (found !== undefined) {
    return found;
  }
  const options = property.options ?? [];
  if (options.length > 0 && !options.includes(value)) {
    return `There is no “${value}” any more: take it out.`;
  }
  return ['Number', 'Integer', 'int', 'number'].includes(property.type) ? whole(text, -MOST - 1, '') : undefined;
}

/** What is wrong with a setting as a whole. */
export function ofSetting(provider: string, property: Property, config: Config): Problem {
  const values = (config[property.name] ?? []).filter((value) => value.trim() !== '');
  if (property.required && values.length === 0) {
    return 'It is needed.';
  }
  const off = (name: string) => config[name]?.[0] !== 'true';
  if (provider === 'trusted-hosts' && property.name === 'client-uris-must-match' && off('client-uris-must-match') && off('host-sending-registration-request-must-match')) {
    return 'One of the two must be on: nothing would be looked at.';
  }
  // Lines say themselves what is wrong with them.
  return isMany(property) && (property.options ?? []).length === 0 ? undefined : values.map((value) => ofValue(provider, property, value)).find((problem) => problem !== undefined);
}

/** Whether any setting of a provider can never work. */
export function any(provider: string, properties: Property[], config: Config): boolean {
  return properties.some((property) => ofSetting(provider, property, config) !== undefined || (config[property.name] ?? []).some((value) => ofValue(provider, property, value) !== undefined));
}

/** What is wrong in the addresses of a client's document. */
export function client(document: unknown): Problem {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return 'A client is one object: { … }.';
  }
  const said = document as Record<string, unknown>;
  const texts = (name: string) => (Array.isArray(said[name]) ? (said[name] as unknown[]).filter((value) => typeof value === 'string') : []);
  for (const origin of texts('webOrigins')) {
    const problem = webOrigin(origin as string, ['*', '+']);
    if (problem !== undefined) {
      return `webOrigins, “${origin}”: ${problem}`;
    }
  }
  for (const uri of said['protocol'] === 'saml' ? [] : texts('redirectUris')) {
    const problem = redirectUri(uri as string);
    if (problem !== undefined) {
      return `redirectUris, “${uri}”: ${problem}`;
    }
  }
  return undefined;
}
