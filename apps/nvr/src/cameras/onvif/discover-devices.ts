import { createSocket } from 'node:dgram';
import { randomUUID } from 'node:crypto';
import { AppError } from '@nightjar/runtime';
import type { UdpTarget } from '../../config.js';
import { findElement, findElements, parseXml } from './parse-xml.js';

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
 * Asks the network for cameras (WS-Discovery) and lists who answers in time. An answer counts for the address that it came from only, and only if
 * that is allowed: it cannot make us look at another one.
 * @throws AppError `unavailable` when the question could not be sent to anybody; the reason of the signal
 */
export async function discoverDevices(options: {
  /** The multicast group of cameras, a broadcast address, or cameras themselves. */
  targets: readonly UdpTarget[];
  isAllowed: (address: string, port: number) => boolean;
  waitMs: number;
  signal: AbortSignal;
}): Promise<DiscoveredDevice[]> {
  const { isAllowed, signal, targets, waitMs } = options;
  const found = new Map<string, DiscoveredDevice>();
  const socket = createSocket('udp4');
  try {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const fail = (cause: unknown) => {
        reject(new AppError('unavailable', 'this machine has no network to look for cameras in', { cause, retryAfterMs: waitMs }));
        end();
      };
      const timer = setTimeout(end, waitMs);
      signal.addEventListener('abort', end, { once: true });
      socket.on('error', fail);
      let refused = 0;
      socket.on('message', (message, { address }) => {
        if (message.length > answerBytesMax || found.size >= devicesMax) return;
        for (const device of readMatches(message.toString('utf8'), address))
          if (isAllowed(address, portOf(device.onvifUrl))) found.set(device.onvifUrl, device);
      });
      socket.bind(0, () => {
        socket.setBroadcast(true);
        // One that can't be reached keeps nobody from asking the others.
        const onSent = (error: Error | null) => {
          if (error && ++refused === targets.length) fail(error);
        };
        for (const { host, port } of targets) socket.send(probeMessage(), port, host, onSent);
      });
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

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port || (protocol === 'https:' ? 443 : 80));
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
