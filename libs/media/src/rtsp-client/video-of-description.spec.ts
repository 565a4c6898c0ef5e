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

  it.each([
    [
      'without parameter sets: they come with the pictures',
      ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000'],
      { track: 0, payloadType: 96 },
    ],
    ['at any port', ['m=video 49170 RTP/AVP 96', 'a=rtpmap:96 H264/90000'], { track: 0 }],
    ['without a packetization mode', ['m=video 0 RTP/AVP 97', 'a=rtpmap:97 h264/90000', 'a=fmtp:97'], { payloadType: 97 }],
    [
      'with spaces where none belong',
      ['m=video 0  RTP/AVP  96', 'a=rtpmap: 96  H264/90000', 'a=fmtp:96  sprop-parameter-sets=Z0IA'],
      { track: 0 },
    ],
    [
      'of several payload types, the one that is understood',
      ['m=video 0 RTP/AVP 26 98', 'a=rtpmap:98 H265/90000'],
      { payloadType: 98, codec: 'hevc' },
    ],
    ['behind another video that is not', ['m=video 0 RTP/AVP 26', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000'], { track: 1 }],
    [
      'of two, the first',
      ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'm=video 0 RTP/AVP 97', 'a=rtpmap:97 H265/90000'],
      { track: 0, codec: 'h264' },
    ],
    [
      'behind one that is inactive',
      ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=inactive', 'm=video 0 RTP/AVP 97', 'a=rtpmap:97 H264/90000', 'a=recvonly'],
      { track: 1 },
    ],
    ['that alone is inactive', ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=inactive'], { track: 0 }],
    [
      'among the tracks of ONVIF: sound back to the camera, and its messages',
      [
        'm=audio 0 RTP/AVP 0',
        'a=sendonly',
        'm=application 0 RTP/AVP 107',
        'a=rtpmap:107 vnd.onvif.metadata/90000',
        'm=video 0 RTP/AVP 96',
        'a=rtpmap:96 H264/90000',
        'a=sendonly',
      ],
      { track: 2 },
    ],
  ])('is found %s', (_what, lines, expected) => expect(described(...lines)).toMatchObject(expected));

  it.each(['RTP/SAVP', 'RTP/SAVPF', 'UDP'])('is not understood as %s: its packets are encrypted, or no RTP', (profile) => {
    expect(described(`m=video 0 ${profile} 96`, 'a=rtpmap:96 H264/90000')).toBeUndefined();
  });

  it('takes no parameter set that is longer than one', () => {
    const long = Buffer.alloc(10_000).toString('base64');
    expect(described('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', `a=fmtp:96 sprop-parameter-sets=${long}`)?.parameterSets).toEqual(
      [],
    );
  });
});
