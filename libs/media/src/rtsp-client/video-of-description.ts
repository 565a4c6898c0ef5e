import type { UnitCodec } from '../unit-splitter.js';

/** The video of a session description whose packets are understood here. */
export interface DescribedVideo {
  readonly codec: UnitCodec;
  /** Position among the media of the description. */
  readonly track: number;
  /** RTP payload type. */
  readonly payloadType: number;
  /** NAL units without which nothing can be decoded, as far as the description has them. */
  readonly parameterSets: readonly Buffer[];
}

const codecs: ReadonlyMap<string, UnitCodec> = new Map([
  ['h264', 'h264'],
  ['h265', 'hevc'],
  ['hevc', 'hevc'],
]);

/** By the name in `rtpmap`, whatever its case; undefined for what is not understood here. */
export function codecOfEncoding(name: string): UnitCodec | undefined {
  return codecs.get(name.toLowerCase());
}

/** What a decoder needs is a few dozen bytes. */
const parameterSetBytesMax = 4_096;
const parameterSetsMax = 16;
const payloadTypesMax = 8;

/**
 * Finds the first video of a session description (RFC 8866) whose packets are understood here: RFC 6184 and RFC 7798, not encrypted, in
 * the order in which they are decoded. One that the camera calls inactive is taken where there is no other. The port says nothing: it is 0
 * in RTSP.
 */
export function videoOfDescription(description: string): DescribedVideo | undefined {
  const media = description.split(/\r\n|\n|\r/).reduce<string[][]>((sections, line) => {
    if (line.startsWith('m=')) sections.push([line]);
    else sections.at(-1)?.push(line);
    return sections;
  }, []);
  const videos = media.flatMap((lines, track) => {
    const video = readMedium(lines, track);
    return video ? [{ video, isInactive: lines.some((line) => /^a=inactive\s*$/.test(line)) }] : [];
  });
  return (videos.find(({ isInactive }) => !isInactive) ?? videos[0])?.video;
}

function readMedium(lines: readonly string[], track: number): DescribedVideo | undefined {
  const types = /^m=video \d+(?:\/\d+)? +RTP\/AVPF?(?:\/TCP)? +([\d ]+)/.exec(lines[0] ?? '')?.[1];
  for (const payloadType of (types ?? '').split(' ').slice(0, payloadTypesMax)) {
    const video = payloadType === '' ? undefined : readPayloadType(lines, payloadType);
    if (video) return { ...video, track, payloadType: Number(payloadType) };
  }
  return undefined;
}

function readPayloadType(lines: readonly string[], payloadType: string): Pick<DescribedVideo, 'codec' | 'parameterSets'> | undefined {
  const attribute = (name: string) => {
    const form = new RegExp(`^a=${name}: *${payloadType}\\s+(.*)$`);
    return lines.map((line) => form.exec(line)?.[1]).find((found) => found !== undefined) ?? '';
  };
  const [, name = '', clock] = /^([\w-]+)\/(\d+)/.exec(attribute('rtpmap')) ?? [];
  const codec = codecOfEncoding(name);
  const parameters = readParameters(attribute('fmtp'));
  // Units that come in another order than they are decoded in.
  const isInterleaved = parameters.get('packetization-mode') === '2' || Number(parameters.get('sprop-max-don-diff') ?? 0) > 0;
  if (!codec || clock !== '90000' || isInterleaved) return undefined;
  const names = codec === 'h264' ? ['sprop-parameter-sets'] : ['sprop-vps', 'sprop-sps', 'sprop-pps'];
  return { codec, parameterSets: names.flatMap((key) => decodeSets(parameters.get(key))) };
}

function readParameters(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
    }),
  );
}

function decodeSets(text: string | undefined): Buffer[] {
  return (text ?? '')
    .split(',')
    .slice(0, parameterSetsMax)
    .map((set) => Buffer.from(set, 'base64'))
    .filter(({ length }) => length > 0 && length <= parameterSetBytesMax);
}
