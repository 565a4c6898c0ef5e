import { headerOf, type RtspMessage } from '../rtsp-relay/rtsp-splitter.js';

interface Channels {
  /** Of RTP packets. */
  readonly media: number;
  /** Of RTCP packets, both ways. */
  readonly control: number;
}

interface Setup {
  readonly channels: Channels;
  readonly session: string | undefined;
  /** After so long without a sign of life the camera ends the session. */
  readonly sessionMs: number;
}

const sessionSecondsDefault = 60;
const headerValueForm = /^[\x21-\x7e]{1,500}$/;

/**
 * Reads the answer to SETUP with packets inside the connection.
 * @param asked the channel that was asked for; a camera that names none uses it
 * @returns undefined for another transport than was asked for
 */
export function readSetup(answer: Pick<RtspMessage, 'headers'>, asked: number): Setup | undefined {
  const transport = headerOf(answer, 'transport') ?? '';
  const named = /\binterleaved\s*=\s*(\d{1,3})(?:-(\d{1,3}))?/i.exec(transport);
  const media = named ? Number(named[1]) : asked;
  const control = named?.[2] === undefined ? media + 1 : Number(named[2]);
  if (!/^RTP\/AVPF?\/TCP/i.test(transport) || media > 255 || control > 255) return undefined;
  const [session = '', ...parameters] = (headerOf(answer, 'session') ?? '').split(';').map((part) => part.trim());
  const seconds = Number(parameters.map((text) => /^timeout\s*=\s*"?(\d{1,5})/i.exec(text)?.[1]).find((found) => found !== undefined) ?? 0);
  return {
    channels: { media, control },
    session: headerValueForm.test(session) ? session : undefined,
    sessionMs: (seconds === 0 ? sessionSecondsDefault : seconds) * 1_000,
  };
}
