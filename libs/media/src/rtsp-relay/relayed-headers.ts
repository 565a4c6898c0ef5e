import { headerOf, type RtspMessage } from './rtsp-splitter.js';
import { grantedChannels, requestedChannels } from './transport-header.js';

/** A value that stays on its line. */
const headerValueForm = /^[\x20-\x7e]{0,2000}$/;

/** The line of a header that is passed on as it came; none for one that is not there or has what no header has. */
export function keepHeader(message: RtspMessage, name: string): string[] {
  const value = headerOf(message, name);
  return value !== undefined && headerValueForm.test(value) ? [`${name}: ${value}`] : [];
}

/** What the camera is asked for: packets inside of this connection, or at two ports of ours. */
export function cameraTransport(request: RtspMessage, clientPorts: string | undefined): string {
  if (clientPorts !== undefined) return `RTP/AVP;unicast;client_port=${clientPorts}`;
  return `RTP/AVP/TCP;unicast;${requestedChannels(headerOf(request, 'transport')).text}`;
}

/** What FFmpeg is told: its packets come inside of its connection, however they come to us. `granted`: the camera's answer over TCP. */
export function clientTransport(request: RtspMessage, granted: RtspMessage | undefined): string {
  const channels = granted ? grantedChannels(headerOf(granted, 'transport')) : requestedChannels(headerOf(request, 'transport')).text;
  return `RTP/AVP/TCP;unicast;${channels ?? ''}`;
}

/** `RTP-Info` for FFmpeg, which knows its media by our addresses; what names another medium is left out. */
export function packetInfo(header: string | undefined, trackUrls: readonly string[], relayUrl: string): string[] {
  if (header === undefined || !headerValueForm.test(header)) return [];
  const entries = header.split(',').flatMap((entry) => {
    const url = /url="?([^;",\s]+)/i.exec(entry)?.[1];
    const numbers = entry.match(/(?:seq|rtptime)=\d{1,10}/gi) ?? [];
    const track = url === undefined ? -1 : trackUrls.indexOf(url);
    return track < 0 ? [] : [[`url=${relayUrl}/track/${track}`, ...numbers].join(';')];
  });
  return entries.length === 0 ? [] : [`RTP-Info: ${entries.join(',')}`];
}
