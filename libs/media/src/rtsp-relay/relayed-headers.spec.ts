import { describe, expect, it } from '@jest/globals';
import { addressBehind, baseOf, cameraRequest, clientAnswer, readRequestLine, refusal } from './relayed-headers.js';
import type { RtspMessage } from './rtsp-splitter.js';

const relayUrl = 'rtsp://127.0.0.1:9/token';
const trackUrls = ['rtsp://10.0.0.5/live/1', 'rtsp://10.0.0.5/live/2'];

function message(startLine: string, headers: Readonly<Record<string, string>>): RtspMessage {
  return { startLine, headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])), body: Buffer.alloc(0) };
}

it.each([
  ['SETUP rtsp://127.0.0.1:9/token/track/0 RTSP/1.0', { method: 'SETUP', url: 'rtsp://127.0.0.1:9/token/track/0' }],
  ['ANNOUNCE rtsp://127.0.0.1:9/token RTSP/1.0', undefined],
  ['EXEC rtsp://127.0.0.1:9/token RTSP/1.0', undefined],
  ['', undefined],
])('a request that begins with "%s" asks a camera for %j', (line, asked) => expect(readRequestLine(line)).toEqual(asked));

describe('a request as the camera gets it', () => {
  const asked = { method: 'SETUP', url: 'rtsp://10.0.0.5/live/1', sequence: 4, authorization: undefined, clientPorts: undefined };
  const setup = message(`SETUP ${relayUrl}/track/0 RTSP/1.0`, {
    cseq: '9',
    transport: 'RTP/AVP/TCP;unicast;interleaved=2-3',
    session: 'abc',
  });

  it('has our number and the address of the camera, and asks for packets inside of the connection', () => {
    expect(cameraRequest(setup, asked)).toBe(
      'SETUP rtsp://10.0.0.5/live/1 RTSP/1.0\r\nCSeq: 4\r\nUser-Agent: Nightjar\r\n' +
        'Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\nsession: abc\r\n\r\n',
    );
  });

  it('asks for packets at two ports of ours where they come over UDP', () => {
    const text = cameraRequest(setup, { ...asked, authorization: 'Basic eA==', clientPorts: '5000-5001' });
    expect(text).toContain('\r\nAuthorization: Basic eA==\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n');
    expect(text).not.toContain('interleaved');
  });

  it('repeats nothing of FFmpeg’s that is not for cameras, or does not stay on its line', () => {
    const headers = { accept: 'application/sdp', range: 'npt=0\r\nX: y', authorization: 'Basic geheim', 'user-agent': 'Lavf', x: 'y' };
    expect(cameraRequest(message(`DESCRIBE ${relayUrl} RTSP/1.0`, headers), { ...asked, method: 'DESCRIBE' }).split('\r\n')).toEqual([
      'DESCRIBE rtsp://10.0.0.5/live/1 RTSP/1.0',
      'CSeq: 4',
      'User-Agent: Nightjar',
      'accept: application/sdp',
      '',
      '',
    ]);
  });
});

describe('an answer as FFmpeg gets it', () => {
  const request = message(`PLAY ${relayUrl} RTSP/1.0`, { cseq: '7', transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
  const about = { request, method: 'OPTIONS', status: 200, isOverUdp: false, description: '', trackUrls, relayUrl };
  const lines = (answer: Readonly<Record<string, string>>, more: Partial<typeof about>) =>
    clientAnswer(message('RTSP/1.0 200 OK', answer), { ...about, ...more }).split('\r\n');

  it('has FFmpeg’s number, and no header that could lead elsewhere or tell of the camera', () => {
    const answer = { public: 'DESCRIBE, PLAY', server: 'Cam 1.0', location: 'rtsp://10.0.0.9/', 'www-authenticate': 'Basic', cseq: '44' };
    expect(lines(answer, {})).toEqual(['RTSP/1.0 200 OK', 'CSeq: 7', 'public: DESCRIBE, PLAY', 'Content-Length: 0', '', '']);
  });

  it('counts the bytes of a description as they are sent', () => {
    expect(lines({}, { method: 'DESCRIBE', description: 'v=0\r\ns=Höfe\r\n' })).toEqual([
      'RTSP/1.0 200 OK',
      'CSeq: 7',
      'Content-Type: application/sdp',
      'Content-Length: 13',
      '',
      'v=0',
      's=Höfe',
      '',
    ]);
  });

  it('grants the channels of the camera, and over UDP those that FFmpeg asked for', () => {
    const transport = 'RTP/AVP/TCP;unicast;interleaved=4-5;source=10.0.0.9;ssrc=1';
    expect(lines({ transport }, { method: 'SETUP' })[2]).toBe('Transport: RTP/AVP/TCP;unicast;interleaved=4-5');
    const udp = { transport: 'RTP/AVP;unicast;server_port=6000-6001' };
    expect(lines(udp, { method: 'SETUP', isOverUdp: true })[2]).toBe('Transport: RTP/AVP/TCP;unicast;interleaved=0-1');
  });

  it('names our addresses for the media of which the camera tells where it is, and no other', () => {
    const info = `url=${trackUrls[1]};seq=17;rtptime=9, url=rtsp://10.0.0.9/x;seq=1`;
    expect(lines({ 'rtp-info': info }, { method: 'PLAY' })[2]).toBe(`RTP-Info: url=${relayUrl}/track/1;seq=17;rtptime=9`);
    expect(lines({ 'rtp-info': 'url=rtsp://10.0.0.9/x;seq=1' }, { method: 'PLAY' })[2]).toBe('Content-Length: 0');
  });

  it('is a refusal in our words where the camera refuses', () => {
    const refused = (status: number) => lines({ transport: 'RTP/AVP' }, { method: 'SETUP', status }).slice(0, 3);
    expect(refused(461)).toEqual(['RTSP/1.0 461 Unsupported Transport', 'CSeq: 7', 'Content-Length: 0']);
    expect(refused(599)[0]).toBe('RTSP/1.0 599 Refused');
  });
});

describe('the address behind one of the relay’s', () => {
  const known = { relayUrl, aggregateUrl: 'rtsp://10.0.0.5/live', trackUrls };

  it.each([
    [relayUrl, 'rtsp://10.0.0.5/live'],
    [`${relayUrl}/`, 'rtsp://10.0.0.5/live'],
    [`${relayUrl}/track/1`, 'rtsp://10.0.0.5/live/2'],
    [`${relayUrl}/track/2`, undefined],
    [`${relayUrl}/track/`, undefined],
    [`${relayUrl}/track/-1`, undefined],
    [`${relayUrl}/track/1e0`, undefined],
    [`${relayUrl}x`, undefined],
    ['rtsp://10.0.0.9/', undefined],
  ])('of %s is %s', (url, expected) => expect(addressBehind(url, known)).toBe(expected));

  it('is told by the answer that describes the stream, if what it names is an address', () => {
    const base = (headers: Readonly<Record<string, string>>) => baseOf(message('RTSP/1.0 200 OK', headers), 'rtsp://10.0.0.5/asked');
    expect(base({ 'content-base': 'rtsp://10.0.0.5/a/', 'content-location': 'rtsp://10.0.0.5/b' })).toBe('rtsp://10.0.0.5/a/');
    expect(base({ 'content-location': 'rtsp://10.0.0.5/b' })).toBe('rtsp://10.0.0.5/b');
    for (const named of ['/live', 'http://10.0.0.9/', 'rtsp://10.0.0.5/a b'])
      expect(base({ 'content-base': named })).toBe('rtsp://10.0.0.5/asked');
  });
});

it('a camera that asks is refused under its own number, if it has one', () => {
  expect(refusal(message('OPTIONS * RTSP/1.0', { cseq: '3' }))).toBe('RTSP/1.0 501 Not Implemented\r\nCSeq: 3\r\n\r\n');
  expect(refusal(message('OPTIONS * RTSP/1.0', { cseq: '3\r\nX: y' }))).toBe('RTSP/1.0 501 Not Implemented\r\nCSeq: 0\r\n\r\n');
});
