import { AppError } from '@nightjar/runtime';
import { problem } from '../camera-problem.js';

/** How a camera's packets come: inside of the RTSP connection, beside it, or beside it only where the camera knows nothing else. */
export type CameraTransport = 'auto' | 'tcp' | 'udp';

/** Channels of a medium inside of an RTSP connection: its packets, and their reports. */
interface Channels {
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

/** The channel on which packets come: the one that the camera grants inside of the connection, or else the one that was asked for. */
export function packetsChannel(requested: string | undefined, granted: string | undefined): number {
  const channel = /=(\d+)/.exec(grantedChannels(granted) ?? '')?.[1];
  return channel === undefined ? requestedChannels(requested).packets : Number(channel);
}

/**
 * How the camera means to send, by its answer to SETUP.
 * @returns `not_over_tcp`: it may send beside the connection, which it has to be asked for; its ports where it does so; undefined when
 *   nothing is to be done: it sends inside of the connection, or refuses for a reason of its own
 * @throws AppError `unavailable` when it does not send in the way that is wanted
 */
export function grantOf(
  answer: { status: number; header: string | undefined },
  asked: { transport: CameraTransport; isOverUdp: boolean },
): 'not_over_tcp' | { serverPorts: { rtp: number; rtcp: number } | undefined } | undefined {
  const { header, status } = answer;
  const { isOverUdp, transport } = asked;
  if (!isOverUdp) {
    if (!refusesTcp(status, header)) return undefined;
    if (transport !== 'auto') throw problem('the camera does not send over TCP');
    return 'not_over_tcp';
  }
  const granted = status === 200 ? grantedUdp(header) : undefined;
  if (!granted && status !== 401 && status !== 404)
    throw problem(transport === 'udp' ? 'the camera does not send over UDP' : 'the camera sends neither over TCP nor over UDP');
  return granted;
}

/** Whether the answer to SETUP means that the camera can't send inside of the connection. */
function refusesTcp(status: number, header: string | undefined): boolean {
  return status === 200 ? grantedChannels(header) === undefined : unsupportedStatuses.has(status);
}

/** The header of an answer that grants UDP to one receiver, with the camera's ports if it names them; undefined for any other. */
function grantedUdp(header: string | undefined): { serverPorts: { rtp: number; rtcp: number } | undefined } | undefined {
  if (header === undefined || !/^RTP\/AVP(?:\/UDP)?(?:;|$)/i.test(header) || /;\s*multicast\b/i.test(header)) return undefined;
  const [, first, second] = /\bserver_port=(\d{1,5})(?:-(\d{1,5}))?/i.exec(header) ?? [];
  const rtp = Number(first ?? 0);
  const rtcp = Number(second ?? rtp + 1);
  const areGood = [rtp, rtcp].every((port) => port > 0 && port < 65_536);
  return { serverPorts: areGood ? { rtp, rtcp } : undefined };
}
