import { AppError } from '@nightjar/runtime';

/** How a camera's packets come: inside of the RTSP connection, beside it, or beside it only where the camera knows nothing else. */
export type CameraTransport = 'auto' | 'tcp' | 'udp';

/** Channels of a medium inside of an RTSP connection: its packets, and their reports. */
export interface Channels {
  readonly packets: number;
  readonly text: string;
}

/** What cameras answer that know nothing of packets inside of the connection: 461 by the book, others as they please. */
const unsupportedStatuses: ReadonlySet<number> = new Set([400, 406, 415, 451, 461, 500, 501, 551]);

/** The channels that FFmpeg asks for. @throws AppError `unavailable` when it asks for something else */
export function requestedChannels(header: string | undefined): Channels {
  const [text, packets] = /\binterleaved=(\d{1,3})-\d{1,3}/.exec(header ?? '') ?? [];
  if (!header?.startsWith('RTP/AVP/TCP') || text === undefined || packets === undefined || Number(packets) > 254)
    throw new AppError('unavailable', 'FFmpeg asks for packets beside the connection', { retryAfterMs: 1_000 });
  return { packets: Number(packets), text };
}

/** The channels that the camera grants; undefined when it means to send in another way. */
export function grantedChannels(header: string | undefined): string | undefined {
  const channels = /\binterleaved=\d{1,3}(?:-\d{1,3})?/i.exec(header ?? '')?.[0];
  return /^RTP\/AVP\/TCP/i.test(header ?? '') ? channels : undefined;
}

/** Whether the answer to SETUP means that the camera can't send inside of the connection. */
export function refusesTcp(status: number, header: string | undefined): boolean {
  return status === 200 ? grantedChannels(header) === undefined : unsupportedStatuses.has(status);
}

/** The header of an answer that grants UDP to one receiver, with the camera's ports if it names them; undefined for any other. */
export function grantedUdp(header: string | undefined): { serverPorts: { rtp: number; rtcp: number } | undefined } | undefined {
  if (header === undefined || !/^RTP\/AVP(?:\/UDP)?(?:;|$)/i.test(header) || /;\s*multicast\b/i.test(header)) return undefined;
  const [, first, second] = /\bserver_port=(\d{1,5})(?:-(\d{1,5}))?/i.exec(header) ?? [];
  const rtp = Number(first ?? 0);
  const rtcp = Number(second ?? rtp + 1);
  const areGood = [rtp, rtcp].every((port) => port > 0 && port < 65_536);
  return { serverPorts: areGood ? { rtp, rtcp } : undefined };
}
