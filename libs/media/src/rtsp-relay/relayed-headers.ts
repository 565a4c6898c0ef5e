import { headerOf, type RtspMessage } from './rtsp-splitter.js';
import { grantedChannels, requestedChannels } from './transport-header.js';

/** A value that stays on its line. */
const headerValueForm = /^[\x20-\x7e]{0,2000}$/;
const addressForm = /^rtsps?:\/\/[\x21-\x7e]{1,1000}$/i;
const methods: ReadonlySet<string> = new Set([
  ...['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'PAUSE', 'GET_PARAMETER', 'SET_PARAMETER', 'TEARDOWN'],
]);
/** What is passed on as it came. None of them names an address, a password or a length. */
const requestHeaders = ['accept', 'session', 'range', 'scale', 'blocksize'];
const responseHeaders = ['public', 'session', 'range', 'scale'];
const reasons: Readonly<Record<number, string>> = { 200: 'OK', 401: 'Unauthorized', 404: 'Not Found', 461: 'Unsupported Transport' };

/** What a request asks for, and of which address; undefined for what is not passed on to cameras. */
export function readRequestLine(startLine: string): { method: string; url: string } | undefined {
  const [method = '', url = ''] = startLine.split(' ');
  return methods.has(method) ? { method, url } : undefined;
}

/**
 * FFmpeg's request as the camera gets it, under our own number.
 * @param asked.url the camera's address, which stands behind the one that FFmpeg asked for
 * @param asked.clientPorts of a SETUP over UDP
 */
export function cameraRequest(
  request: RtspMessage,
  asked: { method: string; url: string; sequence: number; authorization: string | undefined; clientPorts: string | undefined },
): string {
  const { authorization, clientPorts, method, sequence, url } = asked;
  return linesOf([
    `${method} ${url} RTSP/1.0`,
    `CSeq: ${sequence}`,
    'User-Agent: Nightjar',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ...(method === 'SETUP' ? [`Transport: ${cameraTransport(request, clientPorts)}`] : []),
    ...requestHeaders.flatMap((name) => keepHeader(request, name)),
  ]);
}

/**
 * The camera's answer as FFmpeg gets it, with its body, under the number that FFmpeg asked under. For `latin1`.
 * @param about.description the rewritten one; empty: there is none
 */
export function clientAnswer(
  answer: RtspMessage,
  about: {
    request: RtspMessage;
    method: string;
    status: number;
    isOverUdp: boolean;
    description: string;
    trackUrls: readonly string[];
    relayUrl: string;
  },
): string {
  const { description, isOverUdp, method, relayUrl, request, status, trackUrls } = about;
  const isGood = status === 200;
  const head = linesOf([
    `RTSP/1.0 ${status} ${reasons[status] ?? 'Refused'}`,
    `CSeq: ${headerOf(request, 'cseq') ?? '0'}`,
    ...responseHeaders.flatMap((name) => keepHeader(answer, name)),
    ...(isGood && method === 'SETUP' ? [`Transport: ${clientTransport(request, isOverUdp ? undefined : answer)}`] : []),
    ...(isGood && method === 'PLAY' ? packetInfo(headerOf(answer, 'rtp-info'), trackUrls, relayUrl) : []),
    ...(description === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(description, 'latin1')}`,
  ]);
  return `${head}${description}`;
}

/** To a camera that asks for something. */
export function refusal(request: RtspMessage): string {
  const sequence = headerOf(request, 'cseq') ?? '0';
  return linesOf(['RTSP/1.0 501 Not Implemented', `CSeq: ${/^\d{1,10}$/.test(sequence) ? sequence : '0'}`]);
}

/** The relay's own address of a medium; `track` counts as in the description. */
export function trackUrlOf(relayUrl: string, track: number): string {
  return `${relayUrl}/track/${track}`;
}

/** The camera's address behind one of the relay's; undefined for one that the camera did not give. */
export function addressBehind(
  url: string,
  known: { relayUrl: string; aggregateUrl: string; trackUrls: readonly string[] },
): string | undefined {
  const { aggregateUrl, relayUrl, trackUrls } = known;
  if (url === relayUrl || url === `${relayUrl}/`) return aggregateUrl;
  return trackUrls.find((_address, track) => url === trackUrlOf(relayUrl, track));
}

/** What relative addresses in a description stand behind: what the answer names, or else the address that was asked. */
export function baseOf(answer: Pick<RtspMessage, 'headers'>, askedUrl: string): string {
  const named = headerOf(answer, 'content-base') ?? headerOf(answer, 'content-location');
  return named !== undefined && addressForm.test(named) ? named : askedUrl;
}

function linesOf(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The line of a header that is passed on as it came; none for one that is not there or has what no header has. */
function keepHeader(message: RtspMessage, name: string): string[] {
  const value = headerOf(message, name);
  return value !== undefined && headerValueForm.test(value) ? [`${name}: ${value}`] : [];
}

/** What the camera is asked for: packets inside of this connection, or at two ports of ours. */
function cameraTransport(request: RtspMessage, clientPorts: string | undefined): string {
  if (clientPorts !== undefined) return `RTP/AVP;unicast;client_port=${clientPorts}`;
  return `RTP/AVP/TCP;unicast;${requestedChannels(headerOf(request, 'transport')).text}`;
}

/** What FFmpeg is told: its packets come inside of its connection, however they come to us. `granted`: the camera's answer over TCP. */
function clientTransport(request: RtspMessage, granted: RtspMessage | undefined): string {
  const channels = granted ? grantedChannels(headerOf(granted, 'transport')) : requestedChannels(headerOf(request, 'transport')).text;
  return `RTP/AVP/TCP;unicast;${channels ?? ''}`;
}

/** `RTP-Info` for FFmpeg, which knows its media by our addresses; what names another medium is left out. */
function packetInfo(header: string | undefined, trackUrls: readonly string[], relayUrl: string): string[] {
  if (header === undefined || !headerValueForm.test(header)) return [];
  const entries = header.split(',').flatMap((entry) => {
    const url = /url="?([^;",\s]+)/i.exec(entry)?.[1];
    const numbers = entry.match(/(?:seq|rtptime)=\d{1,10}/gi) ?? [];
    const track = url === undefined ? -1 : trackUrls.indexOf(url);
    return track < 0 ? [] : [[`url=${trackUrlOf(relayUrl, track)}`, ...numbers].join(';')];
  });
  return entries.length === 0 ? [] : [`RTP-Info: ${entries.join(',')}`];
}
