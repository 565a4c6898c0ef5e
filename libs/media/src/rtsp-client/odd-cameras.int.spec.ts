import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { requireFfmpeg, selfSignedCertificate, until } from '@nightjar/testing';
import type { SplitUnit } from '../unit-splitter.js';
import { RtpUnits } from './rtp-units.js';
import { RtspClient } from './rtsp-client.js';
import { ScriptedCamera, type CameraScript } from './scripted-camera.fixture.js';

const video = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=ZwE=,aAI='];
const source = 0x0bad_cafe;
const packets = [rtp(1, 900, '6583aa'), rtp(2, 1_800, '4184bb'), rtp(3, 2_700, '4184cc')];
const senderReport = Buffer.alloc(28);
senderReport.writeUInt32BE(0x80_c8_00_06, 0);
senderReport.writeUInt32BE(source, 4);

function rtp(sequence: number, timestamp: number, nal: string): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x80e0, 0);
  header.writeUInt16BE(sequence, 2);
  header.writeUInt32BE(timestamp, 4);
  header.writeUInt32BE(source, 8);
  return Buffer.concat([header, Buffer.from(nal, 'hex')]);
}

let camera: ScriptedCamera;
let stopping: AbortController;
let reading: Promise<unknown>;
let units: SplitUnit[];

afterEach(async () => {
  stopping.abort();
  await reading;
  await camera.close();
});

/** Begins to read a camera that says this. */
async function read(
  script: Partial<CameraScript> = {},
  { credentials = '', reportEveryMs }: { credentials?: string; reportEveryMs?: number } = {},
): Promise<void> {
  camera = await ScriptedCamera.start({ description: ['s=camera', ...video, 'a=control:track1'], packets, ...script });
  stopping = new AbortController();
  units = [];
  let reader: RtpUnits | undefined;
  const client = new RtspClient({
    url: camera.url.replace('://', `://${credentials}`),
    reportEveryMs,
    isPrompt: () => true,
    onVideo: (described) => (reader = new RtpUnits(described, (unit) => units.push(unit))),
    onPacket: (packet) => reader?.push(packet),
  });
  reading = client.run(stopping.signal).catch((error: unknown) => error);
}

const playing = () => until(() => units.length === packets.length);
/** What was asked for, with `BASE` for the address of the camera. */
const asked = () => camera.requests.map((line) => line.replace(camera.url.replace(/\/live$/, ''), 'BASE').replace(' RTSP/1.0', ''));

describe('addresses in the description of a camera', () => {
  it.each([
    ['a relative one behind a base with a slash', 'rtsp://10.1.1.1/live/', 'track1', 'rtsp://10.1.1.1/live/track1'],
    ['a relative one behind a base without', 'rtsp://10.1.1.1/live', 'track1', 'rtsp://10.1.1.1/live/track1'],
    [
      'a relative one behind a base with a query',
      'rtsp://10.1.1.1/live?channel=1',
      'trackID=2',
      'rtsp://10.1.1.1/live?channel=1/trackID=2',
    ],
    ['a relative one without a base', null, 'track1', 'BASE/live/track1'],
    ['a relative one behind a base that is none', '/live/', 'track1', 'BASE/live/track1'],
    ['a whole one', 'rtsp://10.1.1.1/live/', 'rtsp://10.9.9.9/other', 'rtsp://10.9.9.9/other'],
    ['none', 'rtsp://10.1.1.1/live', '', 'rtsp://10.1.1.1/live'],
    ['a star', 'rtsp://10.1.1.1/live', '*', 'rtsp://10.1.1.1/live'],
  ])('are asked for as they stand: %s', async (_what, contentBase, control, expected) => {
    await read({ contentBase, description: [...video, `a=control:${control}`] });
    await playing();
    expect(asked().find((line) => line.startsWith('SETUP'))).toBe(`SETUP ${expected}`);
    // Whatever the address says, the camera is asked that was checked, over the one connection.
    expect(camera.connections).toBe(1);
  });

  it('for all media together are the one in front of them', async () => {
    await read({ description: ['a=control:rtsp://10.1.1.1/all', ...video, 'a=control:track1'] });
    await playing();
    expect(asked().slice(2)).toEqual(['SETUP rtsp://10.1.1.1/all/track1', 'PLAY rtsp://10.1.1.1/all']);
  });

  it('of a camera with a channel back to it and messages are those of its video alone', async () => {
    const back = ['m=audio 0 RTP/AVP 0', 'a=control:back', 'a=sendonly', 'm=application 0 RTP/AVP 107', 'a=control:messages'];
    await read({ description: [...back, 'm=video 0 RTP/AVP 26', 'a=control:jpeg', ...video, 'a=control:track1'] });
    await playing();
    expect(asked().filter((line) => line.startsWith('SETUP'))).toEqual(['SETUP BASE/live/track1']);
  });
});

describe('a camera that sends us elsewhere', () => {
  it.each([
    ['301 Moved Permanently', 'OPTIONS'],
    ['302 Found', 'DESCRIBE'],
    ['305 Use Proxy', 'SETUP'],
    ['303 See Other', 'PLAY'],
  ])('by "%s" to %s is left, and nobody else is asked', async (status, method) => {
    let visitors = 0;
    const elsewhere = createServer(() => visitors++);
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const Location = `rtsp://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    await read({ answer: (name) => (name === method ? { status, headers: { Location } } : undefined) }, { credentials: 'admin:hunter2@' });
    expect(await reading).toMatchObject({ message: 'the camera sends us to another address, which is not followed' });
    expect(visitors).toBe(0);
    await new Promise((resolve) => elsewhere.close(resolve));
  });

  it('with a request of its own is left too', async () => {
    await read();
    await playing();
    camera.send('REDIRECT rtsp://10.1.1.1/ RTSP/1.0\r\nCSeq: 1\r\nLocation: rtsp://10.9.9.9/\r\n\r\n');
    expect(await reading).toMatchObject({ message: 'the camera sends us to another address, which is not followed' });
  });

  it.each(['453 Not Enough Bandwidth', '503 Service Unavailable'])('away with "%s" is not bothered by a second reader', async (status) => {
    await read({ answer: (name) => (name === 'SETUP' ? { status } : undefined) });
    expect(await reading).toMatchObject({ code: 'unavailable', message: 'the camera has no room for another connection' });
  });
});

describe('packets inside of the connection', () => {
  it.each([
    ['that was named', 'RTP/AVP/TCP;unicast;interleaved=4-5', 4],
    ['that was not named', 'RTP/AVP/TCP;unicast', 0],
    ['other than the named one', 'RTP/AVP/TCP;unicast;interleaved=0-1', 2],
  ])('are taken from the channel %s', async (_what, transport, channel) => {
    await read({ transport, channel });
    await playing();
    expect(units[0]?.bytes.toString('hex')).toBe('000000016701000000016802000000016583aa');
  });

  it('are taken from one channel only', async () => {
    await read();
    await playing();
    const other = rtp(4, 3_600, '4184dd');
    camera.send(Buffer.concat([Buffer.from([0x24, 6, 0, other.length]), other, Buffer.from([0x24, 0, 0, other.length]), other]));
    await until(() => units.length > packets.length);
    expect(units).toHaveLength(packets.length + 1);
  });

  it('of a source that says goodbye are over', async () => {
    await read();
    await playing();
    const goodbye = Buffer.from('81cb00010badcafe', 'hex');
    camera.send(Buffer.concat([Buffer.from([0x24, 1, 0, 36]), senderReport, goodbye]));
    expect(await reading).toMatchObject({ code: 'unavailable', message: 'the stream of the camera ended' });
  });

  it('begin with their parameter sets where the description has none', async () => {
    const own = [rtp(1, 900, '6701'), rtp(2, 900, '6802'), rtp(3, 900, '6583aa'), rtp(4, 1_800, '4184bb'), rtp(5, 2_700, '6583cc')];
    await read({ packets: own, description: ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:track1'] });
    await until(() => units.length === 3);
    expect(units.map(({ bytes }) => bytes.toString('hex').replaceAll('00000001', ' ').trim())).toEqual([
      '6701 6802 6583aa',
      '4184bb',
      '6701 6802 6583cc',
    ]);
  });
});

describe('signs of life', () => {
  it('are requests at half of the session, with another method where the first one is not known, and reports of what came', async () => {
    const answer = (name: string) => (name === 'GET_PARAMETER' ? { status: '501 Not Implemented' } : undefined);
    await read({ session: '7;timeout=2', channel: 4, transport: 'RTP/AVP/TCP;unicast;interleaved=4-5', answer }, { reportEveryMs: 300 });
    await playing();
    camera.send(Buffer.concat([Buffer.from([0x24, 5, 0, 28]), senderReport]));
    await until(() => camera.methods.filter((method) => method === 'OPTIONS').length >= 2 && camera.heard.length >= 2);
    expect(camera.methods.slice(4, 6)).toEqual(['GET_PARAMETER', 'OPTIONS']);
    const { channel, packet } = camera.heard.at(-1)!;
    expect([channel, packet.toString('hex', 0, 4), packet.readUInt32BE(8), packet.readUInt32BE(16)]).toEqual([5, '81c90007', source, 3]);
  });

  it('go on with another nonce where the camera has forgotten the first', async () => {
    let nonce = 'one';
    const answer: CameraScript['answer'] = (name, { headers }) => {
      if (headers.get('authorization')?.[0]?.includes(`nonce="${nonce}"`)) return undefined;
      if (name === 'GET_PARAMETER') nonce = 'two';
      return { status: '401 Unauthorized', headers: { 'WWW-Authenticate': `Digest realm="cam", nonce="${nonce}", algorithm=SHA-256` } };
    };
    await read({ session: '7;timeout=2', answer }, { credentials: 'admin:hunter2@' });
    await playing();
    nonce = 'forgotten';
    await until(() => camera.methods.filter((method) => method === 'GET_PARAMETER').length >= 3);
    expect(nonce).toBe('two');
    // The first was refused and asked again; the third needed no more.
    expect(camera.methods.slice(-3)).toEqual(['GET_PARAMETER', 'GET_PARAMETER', 'GET_PARAMETER']);
  });
});

describe('HEVC', () => {
  it('as FFmpeg packs it comes whole over rtsps, whoever signed for the camera', async () => {
    const { description, recorded } = await packedByFfmpeg();
    const tls = selfSignedCertificate('camera');
    await read({ tls, packets: recorded, description: [...description, 'a=control:track1'] });
    await until(() => units.length >= 10);
    expect(units[0]).toMatchObject({ codec: 'hevc', isKey: true });
    // VPS, SPS, PPS in front of a key picture, in one unit of several packets.
    expect(units[0]?.bytes.toString('hex', 0, 6)).toBe('000000014001');
    expect(recorded.length).toBeGreaterThan(units.length * 1.5);
    const steps = units.slice(1).map(({ pts90k }, index) => pts90k - (units[index]?.pts90k ?? 0));
    expect(new Set(steps)).toEqual(new Set([9_000]));
  });
});

/** Ten pictures of HEVC in RTP packets, as FFmpeg would send them over UDP, and its description of them. */
async function packedByFfmpeg(): Promise<{ description: string[]; recorded: Buffer[] }> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-hevc-'));
  const file = path.join(directory, 'stream.sdp');
  const socket = createSocket('udp4');
  const recorded: Buffer[] = [];
  socket.on('message', (packet) => recorded.push(packet));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const count = 11;
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=10,format=yuv420p', '-frames:v', String(count)];
  const encoder = ['-c:v', 'libx265', '-preset', 'ultrafast', '-tune', 'zerolatency', '-x265-params', 'log-level=none:pools=1'];
  const target = ['-sdp_file', file, '-payload_type', '96', '-f', 'rtp', `rtp://127.0.0.1:${socket.address().port}?pkt_size=600`];
  try {
    await promisify(execFile)(await requireFfmpeg(), ['-v', 'error', '-nostdin', '-re', ...picture, ...encoder, ...target]);
    // FFmpeg may be gone before the last ones are read; each picture has the marker in its last packet.
    await until(() => recorded.filter((packet) => (packet[1] ?? 0) & 0x80).length === count);
    const description = (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => /^[ma]=/.test(line));
    return { description, recorded };
  } finally {
    socket.close();
    await rm(directory, { recursive: true, force: true });
  }
}
