import { describe, expect, it } from '@jest/globals';
import { videoOfDescription } from './video-of-description.js';

const head = ['v=0', 's=camera', 't=0 0'];
const described = (...lines: string[]) => videoOfDescription([...head, ...lines].join('\r\n'));

describe('the video of a session description', () => {
  it('is found behind sound, with what a decoder needs', () => {
    expect(
      described(
        'm=audio 0 RTP/AVP 0',
        'a=rtpmap:0 PCMU/8000',
        'm=video 0 RTP/AVP 96',
        'a=rtpmap:96 H264/90000',
        'a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0IA,aM4=',
      ),
    ).toEqual({ codec: 'h264', track: 1, payloadType: 96, parameterSets: [Buffer.from('Z0IA', 'base64'), Buffer.from('aM4=', 'base64')] });
    expect(
      described('m=video 0 RTP/AVP 98', 'a=rtpmap:98 H265/90000', 'a=fmtp:98 sprop-vps=QAE=;sprop-sps=QgE=;sprop-pps=RAE='),
    ).toMatchObject({
      codec: 'hevc',
      parameterSets: [{ length: 2 }, { length: 2 }, { length: 2 }],
    });
  });

  it.each([
    ['other codecs', ['m=video 0 RTP/AVP 26']],
    ['JPEG', ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 JPEG/90000']],
    ['another clock', ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/1000']],
    ['packets out of order', ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=2']],
    ['HEVC out of order', ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000', 'a=fmtp:96 sprop-max-don-diff=1']],
    ['sound alone', ['m=audio 0 RTP/AVP 0']],
  ])('is not understood for %s', (_what, lines) => expect(described(...lines)).toBeUndefined());

  it('takes no parameter set that is longer than one', () => {
    const long = Buffer.alloc(10_000).toString('base64');
    expect(described('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', `a=fmtp:96 sprop-parameter-sets=${long}`)?.parameterSets).toEqual(
      [],
    );
  });
});
