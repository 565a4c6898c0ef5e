import { describe, expect, it } from '@jest/globals';
import { rewriteSessionDescription } from './rewrite-session-description.js';

const relayUrl = 'rtsp://127.0.0.1:9/token';
const rewrite = (lines: readonly string[], base = 'rtsp://10.0.0.5/live') =>
  rewriteSessionDescription(lines.join('\r\n'), { base, relayUrl, trackUrl: (track) => `${relayUrl}/track/${track}` });
const head = ['v=0', 'o=- 1 1 IN IP4 192.168.1.9', 's=x', 't=0 0'];
const video = ['m=video 0 RTP/AVP 96', 'c=IN IP4 224.1.2.3', 'a=rtpmap:96 H264/90000'];

describe('the description of a stream behind the relay', () => {
  it('names addresses of the relay only, and keeps what a decoder needs', () => {
    const { text, trackUrls } = rewrite([...head, ...video, 'a=control:trackID=1', 'm=audio 0 RTP/AVP 0', 'a=control:trackID=2'])!;
    expect(trackUrls).toEqual(['rtsp://10.0.0.5/live/trackID=1', 'rtsp://10.0.0.5/live/trackID=2']);
    expect(text.match(/a=control:.*/g)).toEqual([`a=control:${relayUrl}/track/0`, `a=control:${relayUrl}/track/1`]);
    expect(text).toContain('a=rtpmap:96 H264/90000\r\n');
    expect(text).not.toMatch(/10\.0\.0\.5|224\.1\.2\.3/);
  });

  it.each([
    ['a relative address, behind the base', 'trackID=1', 'rtsp://10.0.0.5/live?channel=1', 'rtsp://10.0.0.5/live?channel=1/trackID=1'],
    ['a relative address, behind a base with a slash', 'trackID=1', 'rtsp://10.0.0.5/live/', 'rtsp://10.0.0.5/live/trackID=1'],
    ['an absolute address', 'rtsp://192.168.1.9:554/live/1', 'rtsp://10.0.0.5/live', 'rtsp://192.168.1.9:554/live/1'],
    ['a star', '*', 'rtsp://10.0.0.5/live', 'rtsp://10.0.0.5/live'],
    ['nothing', '', 'rtsp://10.0.0.5/live', 'rtsp://10.0.0.5/live'],
    ['another scheme', 'http://10.0.0.9/x y', 'rtsp://10.0.0.5/live', 'rtsp://10.0.0.5/live/http://10.0.0.9/xy'],
  ])('remembers %s', (_name, control, base, expected) => {
    expect(rewrite([...head, ...video, `a=control:${control}`], base)?.trackUrls).toEqual([expected]);
  });

  it('remembers the address of all media together', () => {
    const withAddress = rewrite([...head, 'a=control:rtsp://10.0.0.5/all', ...video, 'a=control:1']);
    expect([withAddress?.aggregateUrl, withAddress?.trackUrls]).toEqual(['rtsp://10.0.0.5/all', ['rtsp://10.0.0.5/all/1']]);
    expect(rewrite([...head, 'a=control:*', ...video])?.aggregateUrl).toBe('rtsp://10.0.0.5/live');
  });

  it('tells what the media are, and hides sound that no recording can hold', () => {
    const aac = ['m=audio 0 RTP/AVP 97', 'a=rtpmap:97 MPEG4-GENERIC/16000/1', 'a=control:2'];
    const lines = [...head, ...video, 'm=audio 0 RTP/AVP 0', ...aac];
    expect(rewrite(lines)?.tracks).toEqual([
      { media: 'video', encoding: 'h264', clockHz: 90_000 },
      { media: 'audio', encoding: 'pcmu', clockHz: 8_000 },
      { media: 'audio', encoding: 'mpeg4-generic', clockHz: 16_000 },
    ]);
    const options = { base: 'rtsp://10.0.0.5/live', relayUrl, trackUrl: String, keepsSound: true };
    const kept = rewriteSessionDescription(lines.join('\n'), options)?.text.match(/^m=.*$/gm);
    expect(kept).toEqual(['m=video 0 RTP/AVP 96', 'm=application 0 RTP/AVP 0', 'm=audio 0 RTP/AVP 97']);
  });

  it.each([
    ['no media', head],
    ['no description', ['hello']],
    ['a medium for everybody', [...head, ...Array.from({ length: 33 }, () => 'm=video 0 RTP/AVP 96')]],
  ])('is none with %s', (_name, lines) => {
    expect(rewrite(lines)).toBeUndefined();
  });
});
