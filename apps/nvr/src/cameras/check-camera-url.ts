/** A camera's address, split from the credentials that came with it. */
export interface CameraUrl {
  /** Without credentials. */
  url: string;
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
}

type CheckedCameraUrl = CameraUrl | { problem: string };

const standardPorts: Record<string, number> = { 'rtsp:': 554, 'rtsps:': 322, 'http:': 80, 'https:': 443 };
/** Signs that mean something to a shell, and everything that is not a visible ASCII sign. */
const refusedSigns = /[^\x21-\x7e]|[$`|"'<>\\^{}]/;
/** A name or an address as people write it: nothing encoded, no root dot. */
const hostForm = /^(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])$/;
/** What parsers read into `http:host` is for them to know. */
const schemeForm = /^[A-Za-z]+:\/\//;
const lengthMax = 500;

/**
 * Checks the form of a camera's URL: `rtsp` or `rtsps`, or `http` or `https` for its pictures; a host, nothing that a command line or a log could misread.
 * Which network the host is in is asked elsewhere, each time a connection is made (camera-networks.ts).
 */
export function checkCameraUrl(text: string): CheckedCameraUrl {
  if (text.length > lengthMax) return { problem: `must be at most ${lengthMax} characters` };
  if (refusedSigns.test(text)) return { problem: 'has a sign that is not allowed: encode it with percent signs' };
  if (!schemeForm.test(text) || !URL.canParse(text)) return { problem: 'must be a URL like rtsp://host:554/path' };
  const parsed = new URL(text);
  const standardPort = standardPorts[parsed.protocol];
  if (standardPort === undefined) return { problem: 'must begin with rtsp://, rtsps://, http:// or https://' };
  if (!hostForm.test(parsed.hostname)) return { problem: 'must name a host' };
  if (parsed.port === '0') return { problem: 'must have a port above 0' };
  if (parsed.hash !== '') return { problem: 'must not have a fragment (#)' };
  const credentials = readCredentials(parsed);
  if (!credentials) return { problem: 'has credentials that are not encoded as a URL asks' };
  parsed.username = '';
  parsed.password = '';
  return {
    url: parsed.toString(),
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || standardPort),
    ...credentials,
  };
}

function readCredentials({ username, password }: URL): Pick<CameraUrl, 'username' | 'password'> | undefined {
  try {
    const decode = (part: string) => (part === '' ? undefined : decodeURIComponent(part));
    return { username: decode(username), password: decode(password) };
  } catch {
    return undefined;
  }
}

/** The same at another address or port. @param address IPv4 or IPv6 */
export function movedUrl(url: string, { address, port }: { address: string | undefined; port?: number | undefined }): string {
  const target = new URL(url);
  if (address !== undefined) target.hostname = address.includes(':') ? `[${address}]` : address;
  if (port !== undefined) target.port = String(port);
  return target.href;
}

/** The URL to connect to: at a checked address, with the credentials back in it. Never log it. */
export function connectionUrl(options: { url: string; address: string; username: string | null; password: string | null }): string {
  const target = new URL(options.url);
  target.hostname = options.address.includes(':') ? `[${options.address}]` : options.address;
  const user = options.username === null ? '' : `${encodeURIComponent(options.username)}:${encodeURIComponent(options.password ?? '')}@`;
  return target.toString().replace('://', () => `://${user}`);
}
