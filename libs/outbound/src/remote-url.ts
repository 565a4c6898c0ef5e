import { isIP } from 'node:net';
import { AppError } from '@nightjar/runtime';

export interface RemoteUrl {
  /** Scheme, host and port, as in `https://example.org:8443`. */
  readonly origin: string;
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** With the query, without the fragment. */
  readonly path: string;
}

const urlCharactersMax = 2_048;
const printable = /^[\x21-\x7e]+$/;
const grammar = /^https?:\/\/([^/?#]*)/i;
const authorityGrammar = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::([1-9]\d{0,4}))?$/;
const labelGrammar = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const defaultPorts = { 'http:': 80, 'https:': 443 };

const refused = (reason: string) => new AppError('invalid_argument', `this URL is not allowed: ${reason}`);

/**
 * Reads an http(s) URL that somebody else chose. Stricter than the standard: one way to write each host, so that no two readers
 * (ours, the resolver, a proxy, a log) can take it for different ones. No user name, no percent sign or letter beyond ASCII in
 * the host, no dot at its end, no address as a number, in octal, in hex or with parts left out.
 * @throws AppError `invalid_argument` with the reason, never with the URL
 */
export function parseRemoteUrl(text: string): RemoteUrl {
  if (text.length > urlCharactersMax) throw refused(`it has more than ${urlCharactersMax} characters`);
  if (!printable.test(text) || text.includes('\\')) throw refused('it has characters that must be escaped');
  const authority = grammar.exec(text)?.[1];
  if (authority === undefined) throw refused('it is neither http nor https');
  if (authority.includes('@')) throw refused('it names a user');
  const [, host, port] = authorityGrammar.exec(authority) ?? [];
  if (host === undefined) throw refused('its host cannot be read');
  const url = parseStandard(text);
  // The standard's parser rewrites 0x7f.1, 2130706433, 0177.0.0.1 and damaged punycode: what it rewrites is not what was meant.
  const plain = host.toLowerCase();
  const isAddress = plain.startsWith('[') || isIP(plain) !== 0;
  if (!plain.startsWith('[') && url.hostname !== plain) throw refused('its host is written in an odd way');
  if (!isAddress && !isName(plain)) throw refused('its host is not a name');
  const given = port === undefined ? defaultPorts[url.protocol as keyof typeof defaultPorts] : Number(port);
  return { origin: url.origin, host: url.hostname.replace(/^\[|\]$/g, ''), port: given, path: `${url.pathname}${url.search}` };
}

function parseStandard(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw refused('its host cannot be read');
  }
}

function isName(host: string): boolean {
  return host.length <= 253 && host.split('.').every((label) => labelGrammar.test(label));
}
