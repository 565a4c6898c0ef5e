import { describe, expect, it } from '@jest/globals';
import { RtspSplitter, RtspSyntaxError } from './rtsp-splitter.js';

const packet = (channel: number, text: string) => Buffer.from([0x24, channel, text.length >> 8, text.length & 0xff, ...Buffer.from(text)]);
const answer = 'RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 4\r\nX-A: 1\r\nx-a: 2\r\n\r\nbody';

/** What came out, with packets joined. */
function split(chunks: readonly Buffer[]): string[] {
  const splitter = new RtspSplitter();
  const out: string[] = [];
  for (const chunk of chunks) {
    for (const part of splitter.push(chunk)) {
      const isMedia = part.kind === 'media';
      if (isMedia && out.at(-1)?.startsWith('media ')) out[out.length - 1] += part.bytes.toString('hex');
      else out.push(isMedia ? `media ${part.bytes.toString('hex')}` : `${part.message.startLine} | ${part.message.body.toString()}`);
    }
  }
  return out;
}

const oneByOne = (bytes: Buffer) => [...bytes].map((byte) => Buffer.from([byte]));

describe('an RTSP connection', () => {
  const packets = Buffer.concat([packet(0, 'first'), packet(1, ''), packet(0, '$RTSP/1.0 ')]);
  const whole = Buffer.concat([Buffer.from(answer), packets, Buffer.from(answer), packet(0, 'x')]);
  const expected = [
    'RTSP/1.0 200 OK | body',
    `media ${packets.toString('hex')}`,
    'RTSP/1.0 200 OK | body',
    `media ${packet(0, 'x').toString('hex')}`,
  ];

  it('is split the same in one piece and byte by byte', () => {
    expect(split([whole])).toEqual(expected);
    expect(split(oneByOne(whole))).toEqual(expected);
  });

  it('gives packets without copying them', () => {
    const [part] = new RtspSplitter().push(packets);
    expect(part?.kind === 'media' && part.bytes.buffer === packets.buffer && part.bytes.length === packets.length).toBe(true);
  });

  it('keeps every value of a header, by its name in lower case', () => {
    const [part] = new RtspSplitter().push(Buffer.from(answer));
    expect(part?.kind === 'message' && part.message.headers.get('x-a')).toEqual(['1', '2']);
  });

  it('goes on behind a few bytes that belong to nothing, and ends at many', () => {
    expect(split([Buffer.from('\r\n\0\0'), Buffer.from(answer)])).toEqual(['RTSP/1.0 200 OK | body']);
    const splitter = new RtspSplitter();
    expect(() => {
      for (let kibibytes = 0; kibibytes < 65; kibibytes++) for (const part of splitter.push(Buffer.alloc(1_024))) void part;
    }).toThrow(RtspSyntaxError);
  });

  it.each([
    ['what is no RTSP', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['a line without end', `RTSP/1.0 200 ${'x'.repeat(17_000)}`],
    ['headers without end', `RTSP/1.0 200 OK\r\n${'A: b\r\n'.repeat(4_000)}`],
    ['too many headers', `RTSP/1.0 200 OK\r\n${'A: b\r\n'.repeat(65)}\r\n`],
    ['a length above the bound', 'RTSP/1.0 200 OK\r\nContent-Length: 262145\r\n\r\n'],
    ['a length below nothing', 'RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a length that is none', 'RTSP/1.0 200 OK\r\nContent-Length: 1e3\r\n\r\n'],
    ['a length beyond numbers', `RTSP/1.0 200 OK\r\nContent-Length: ${'9'.repeat(40)}\r\n\r\n`],
  ])('ends at %s', (_name, text) => {
    expect(() => split([Buffer.from(text)])).toThrow(RtspSyntaxError);
    expect(() => split(oneByOne(Buffer.from(text)))).toThrow(RtspSyntaxError);
  });

  it('never hangs or throws anything else, whatever bytes come', () => {
    let seed = 7;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const words = ['$', '\r\n', 'RTSP/1.0 200 OK\r\n', 'Content-Length: ', '5', '\0', 'OPTIONS x RTSP/1.0\r\n\r\n', ':', 'A'];
    for (let round = 0; round < 2_000; round++) {
      const text = Array.from({ length: 12 }, () => words[Math.floor(random() * words.length)]).join('');
      try {
        split([Buffer.from(text.slice(0, 9)), Buffer.from(text.slice(9))]);
      } catch (error) {
        expect(error).toBeInstanceOf(RtspSyntaxError);
      }
    }
  });
});
