import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UdpTrack } from './udp-track.js';

const loopback = '127.0.0.1';
const channel = 4;

let track: UdpTrack;
let camera: Socket;
let stranger: Socket;
let neighbour: Socket;
let told: () => void;

beforeEach(async () => {
  track = await UdpTrack.open({ localAddress: loopback, cameraAddress: loopback, channel, onPacket: () => told() });
  [camera, stranger, neighbour] = await Promise.all([socketAt(loopback), socketAt(loopback), socketAt('127.0.0.2')]);
});
afterEach(() => {
  track.close();
  for (const socket of [camera, stranger, neighbour]) socket.close();
});

async function socketAt(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

function packet(sequence: number): Buffer {
  const bytes = Buffer.alloc(20, sequence);
  bytes[0] = 0x80;
  bytes.writeUInt16BE(sequence, 2);
  return bytes;
}

/** Sends to our port for packets; resolves when the camera's last one is there, which came behind all others. */
async function sendAll(sent: [Socket, Buffer][]): Promise<void> {
  const port = Number(track.clientPorts.split('-')[0]);
  let left = sent.filter(([socket]) => socket === camera).length;
  const arrived = new Promise<void>((resolve) => (told = () => --left === 0 && resolve()));
  for (const [socket, bytes] of sent) await new Promise((resolve) => socket.send(bytes, port, loopback, resolve));
  await arrived;
}

/** Channel and sequence number of each packet for FFmpeg. */
function handedOn(): [number | undefined, number][] {
  const bytes = track.take();
  const found: [number | undefined, number][] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt16BE(at + 2)) found.push([bytes[at + 1], bytes.readUInt16BE(at + 6)]);
  return found;
}

describe('a medium that comes over UDP', () => {
  it('has an even port and the next one, at the address that the camera is spoken to from', () => {
    const [first, second] = track.clientPorts.split('-').map(Number);
    expect([Number(first) % 2, second]).toEqual([0, Number(first) + 1]);
  });

  it('is what comes from the camera, in order, and nothing else', async () => {
    track.accept({ rtp: camera.address().port, rtcp: camera.address().port });
    await sendAll([
      [stranger, packet(1)],
      [neighbour, packet(1)],
      [camera, packet(1)],
      [stranger, packet(2)],
      [camera, packet(3)],
      [camera, packet(2)],
      [camera, Buffer.from('no packet')],
    ]);
    expect(handedOn()).toEqual([
      [channel, 1],
      [channel, 2],
      [channel, 3],
    ]);
  });

  it('comes from any port of the camera that names none, and from no other address', async () => {
    track.accept(undefined);
    await sendAll([
      [neighbour, packet(1)],
      [camera, packet(5)],
    ]);
    expect(handedOn()).toEqual([[channel, 5]]);
  });

  it('knocks at the ports that the camera named, so that a firewall lets its packets in', async () => {
    const knocked = once(camera, 'message');
    track.accept({ rtp: camera.address().port, rtcp: stranger.address().port });
    expect((await knocked)[0]).toHaveLength(12);
  });
});
