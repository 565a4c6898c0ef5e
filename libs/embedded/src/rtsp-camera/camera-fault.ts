import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { renderResponse, type RtspRequest } from './rtsp-message.js';

/** Ways in which cameras are broken, or taken over by somebody (R8, R29). */
export const cameraFaults = [
  'reset',
  'close',
  'stall',
  'unauthorised',
  'wrong_codec',
  'resolution_change',
  'frozen',
  'times_backwards',
  'times_wrap',
  'drip',
  'endless_headers',
  'redirect',
  'truncated',
  'endless_description',
  'garbage',
] as const;

export type CameraFault = (typeof cameraFaults)[number];

const dripEveryMs = 100;
const announcedBytes = 2_000_000_000;

/** Faults of a connection that was just made. @returns whether nothing more is done with it */
export function isServedBroken(socket: Socket, fault: CameraFault | undefined): boolean {
  socket.on('error', () => undefined);
  if (fault === 'reset') socket.resetAndDestroy();
  else if (fault === 'close') socket.destroy();
  else return false;
  return true;
}

/** Faults of an answer. @returns whether it was given, broken */
export function answerBroken(options: {
  socket: Socket;
  fault: CameraFault | undefined;
  request: RtspRequest;
  answer: string;
  redirectUrl: string;
}): boolean {
  const { answer, fault, redirectUrl, request, socket } = options;
  const isDescribe = request.method === 'DESCRIBE';
  if (fault === 'unauthorised') socket.write(renderResponse(request, '401 Unauthorized', { 'WWW-Authenticate': 'Basic realm="camera"' }));
  else if (fault === 'redirect') socket.write(renderResponse(request, '302 Moved Temporarily', { Location: redirectUrl }));
  else if (fault === 'drip') drip(socket, answer);
  else if (fault === 'endless_headers') writeForEver(socket, 'RTSP/1.0 200 OK\r\n', () => `X-${randomBytes(4).toString('hex')}: 1\r\n`);
  else if (fault === 'endless_description' && isDescribe)
    writeForEver(
      socket,
      renderResponse(request, '200 OK', { 'Content-Type': 'application/sdp', 'Content-Length': String(announcedBytes) }),
      () => `a=x:${randomBytes(512).toString('hex')}\r\n`,
    );
  else if (fault === 'wrong_codec' && isDescribe) socket.write(answer.replace(/H264\/90000/, 'AC34/90000'));
  else return false;
  return true;
}

/** Faults of packets. @returns whether these were sent, broken */
export function breakMedia(socket: Socket, fault: CameraFault | undefined, packets: readonly Buffer[]): boolean {
  if (fault === 'garbage') socket.write(randomBytes(2_000));
  else if (fault === 'truncated') {
    const [packet = Buffer.alloc(0)] = packets;
    const header = Buffer.from([0x24, 0, packet.length >> 8, packet.length & 0xff]);
    socket.end(Buffer.concat([header, packet.subarray(0, packet.length >> 1)]));
  } else return false;
  return true;
}

function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text[at++] ?? '');
  }, dripEveryMs);
  socket.once('close', () => clearInterval(timer));
}

/** As fast as the other side reads, until it has had enough. */
function writeForEver(socket: Socket, begin: string, more: () => string): void {
  socket.write(begin);
  const write = (): void => {
    while (!socket.destroyed && socket.write(Array.from({ length: 64 }, more).join('')));
  };
  socket.on('drain', write);
  write();
}
