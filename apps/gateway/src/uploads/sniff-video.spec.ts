import { describe, expect, it } from '@jest/globals';
import { notAVideo, VideoHead } from './sniff-video.js';

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));

describe('the beginning of an upload', () => {
  it.each([
    ['HLS', '#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n', 'an HLS playlist'],
    ['HLS behind a byte order mark', '\ufeff#EXTM3U\n', 'an HLS playlist'],
    ['HLS behind empty lines', '\r\n\n  #EXTM3U\n', 'an HLS playlist'],
    ['a concat script', 'ffconcat version 1.0\nfile other.mp4\n', 'a concat script'],
    ['DASH', '<?xml version="1.0"?>\n<!-- -->\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">', 'a DASH manifest'],
    ['Smooth Streaming', '<SmoothStreamingMedia MajorVersion="2">', 'a Smooth Streaming manifest'],
    ['SDP', 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n', 'a session description (SDP)'],
    ['a web page', `<!doctype html>${'<p>not a video</p>'.repeat(10)}`, 'text'],
    ['text with letters beyond ASCII', 'Größe ist nicht alles. '.repeat(10), 'text'],
    ['JSON', JSON.stringify({ video_url: 'https://example.org/'.padEnd(80, 'x') }), 'text'],
  ])('that is %s is refused', (_name, text, found) => {
    expect(notAVideo(Buffer.from(text))).toBe(found);
  });

  it('that is a playlist in UTF-16 is refused', () => {
    expect(notAVideo(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('#EXTM3U\n', 'utf16le')]))).toBe('an HLS playlist');
  });

  it('that is text cut in the middle of a character is still text', () => {
    expect(notAVideo(Buffer.from('ä'.repeat(100)).subarray(0, 199))).toBe('text');
  });

  it.each([
    ['MP4', bytes([0, 0, 0, 0x20], 'ftypisom', [0, 0, 2, 0], 'isomiso2avc1mp41')],
    ['QuickTime without ftyp', bytes([0, 0, 0, 8], 'wide', [0, 1, 2, 3], 'mdat')],
    ['Matroska', bytes([0x1a, 0x45, 0xdf, 0xa3, 0x9f, 0x42, 0x86, 0x81, 0x01])],
    ['AVI', bytes('RIFF', [0x24, 0, 0, 0], 'AVI LIST')],
    ['MPEG-TS', bytes([0x47, 0x40, 0, 0x10, 0], 'x'.repeat(180), [0x47])],
    ['MPEG-PS', bytes([0, 0, 1, 0xba, 0x44])],
    ['Ogg', bytes('OggS', [0, 2, 0, 0])],
    ['FLV', bytes('FLV', [1, 5, 0, 0, 0, 9])],
    ['binary of an unknown kind', bytes([0x80, 0x81, 0xff, 0xfe, 0x00])],
    ['a few letters', bytes('tiny')],
    ['nothing', Buffer.alloc(0)],
  ])('that is %s passes', (_name, head) => {
    expect(notAVideo(head)).toBeUndefined();
  });

  it('is judged as it streams, whatever pieces it comes in', () => {
    const head = new VideoHead();
    const appendAll = () => {
      for (const letter of 'x'.repeat(5_000)) head.append(Buffer.from(letter));
    };
    expect(appendAll).toThrow(expect.objectContaining({ code: 'unprocessable' }));
    const short = new VideoHead();
    short.append(Buffer.from('#EXT'));
    short.append(Buffer.from('M3U\n'));
    expect(() => short.end()).toThrow('an HLS playlist');
  });

  it('is judged once: what follows may hold any text', () => {
    const head = new VideoHead();
    head.append(Buffer.concat([Buffer.from([0, 0, 0, 32]), Buffer.alloc(4_092)]));
    head.append(Buffer.from('#EXTM3U\n'.repeat(100)));
    expect(() => head.end()).not.toThrow();
  });
});
