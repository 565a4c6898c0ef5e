import { createSocket } from 'node:dgram';
import { randomUUID } from 'node:crypto';
import { findElement, findElements, parseXml } from './parse-xml.js';

/** Where cameras listen to who looks for them (WS-Discovery). */
export const discoveryAddress = { host: '239.255.255.250', port: 3_702 } as const;

/** A camera that answered. */
export interface DiscoveredDevice {
  address: string;
  onvifUrl: string;
  name: string | null;
  hardware: string | null;
}

/** Full: what answers later is not listed. */
const devicesMax = 256;
const answerBytesMax = 64 * 1024;
const probeMessage = () =>
  '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ' +
  'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" ' +
  'xmlns:n="http://www.onvif.org/ver10/network/wsdl"><s:Header>' +
  '<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>' +
  `<a:MessageID>urn:uuid:${randomUUID()}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>` +
  '<s:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>';

/**
 * Asks the network for cameras and lists who answers in time. An answer counts for the address that it came from only, and only if
 * that is allowed: it cannot make us look at another one.
 */
export async function discoverDevices(options: {
  target?: { host: string; port: number };
  isAllowed: (address: string, port: number) => boolean;
  waitMs: number;
  signal: AbortSignal;
}): Promise<DiscoveredDevice[]> {
  const { isAllowed, signal, target = discoveryAddress, waitMs } = options;
  const found = new Map<string, DiscoveredDevice>();
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      signal.addEventListener('abort', end, { once: true });
      socket.on('error', end);
      socket.on('message', (message, { address }) => {
        if (message.length > answerBytesMax || found.size >= devicesMax) return;
        for (const device of readMatches(message.toString('utf8'), address))
          if (isAllowed(address, Number(new URL(device.onvifUrl).port || 80))) found.set(device.onvifUrl, device);
      });
      socket.bind(0, () => socket.send(probeMessage(), target.port, target.host));
    });
  } finally {
    socket.close();
  }
  return [...found.values()].slice(0, devicesMax);
}

/** Of all addresses in an answer those that are where it came from; of what is no answer, none. */
export function readMatches(message: string, address: string): DiscoveredDevice[] {
  try {
    return findElements(parseXml(message), 'ProbeMatch').flatMap((match) => {
      const urls = (findElement(match, 'XAddrs')?.text ?? '').split(/\s+/).filter((text) => URL.canParse(text));
      const onvifUrl = urls.find((text) => ['http:', 'https:'].includes(new URL(text).protocol) && new URL(text).hostname === address);
      const scopes = (findElement(match, 'Scopes')?.text ?? '').split(/\s+/);
      return onvifUrl === undefined ? [] : [{ address, onvifUrl, name: scopeOf(scopes, 'name'), hardware: scopeOf(scopes, 'hardware') }];
    });
  } catch {
    return [];
  }
}

function scopeOf(scopes: readonly string[], name: string): string | null {
  const prefix = `onvif://www.onvif.org/${name}/`;
  const text = scopes.find((scope) => scope.startsWith(prefix))?.slice(prefix.length) ?? '';
  try {
    return (
      decodeURIComponent(text)
        .replace(/\p{Cc}/gu, '')
        .slice(0, 100) || null
    );
  } catch {
    return null;
  }
}
