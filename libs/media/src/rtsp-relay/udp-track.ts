import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { AppError } from '@nightjar/runtime';
import { PacketOrder } from './packet-order.js';

/** Tries to find a free even port with a free one behind it. */
const pairAttempts = 40;
/** A key frame comes in one burst. The system gives less where its own bound is lower. */
const receiveBytes = 4 * 1024 * 1024;
/** Reports that wait for the next hand-over; a camera sends one every few seconds. */
const reportsMax = 16;
/** Opens the way back through a firewall that only lets answers in: an empty RTP packet, an empty receiver report (RFC 3550, 6.4.2). */
const emptyRtp = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const emptyReport = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);

/** Where both ends of a camera's RTSP connection are. */
export interface UdpEnds {
  readonly localAddress: string;
  readonly cameraAddress: string;
}

/**
 * Two ports for one medium that a camera sends over UDP: packets and their reports. Only what comes from the camera's address counts,
 * and from the ports that it named, if it did. Packets are put in order and handed on as they stand inside of an RTSP connection.
 */
export class UdpTrack {
  private readonly order = new PacketOrder();
  private reports: Buffer[] = [];
  private cameraPorts: { rtp: number; rtcp: number } | undefined;
  private isClosed = false;

  private constructor(
    private readonly rtp: UdpSocket,
    private readonly rtcp: UdpSocket,
    private readonly options: UdpEnds & { channel: number; onPacket: () => void },
  ) {
    rtp.on('message', (packet, { address, port }) => {
      if (!this.isFromCamera(address, port, this.cameraPorts?.rtp)) return;
      this.order.put(packet);
      options.onPacket();
    });
    rtcp.on('message', (report, { address, port }) => {
      if (!this.isFromCamera(address, port, this.cameraPorts?.rtcp) || report.length < 8 || this.reports.length >= reportsMax) return;
      this.reports.push(report);
      options.onPacket();
    });
  }

  /**
   * Listens on a free pair of ports at the address that the camera is spoken to from, and no other.
   * @param options.channel number of the medium's packets inside of FFmpeg's connection; its reports have the next one
   * @param options.onPacket called for each packet
   * @throws AppError `unavailable` without two free ports
   */
  static async open(options: UdpEnds & { channel: number; onPacket: () => void }): Promise<UdpTrack> {
    const [rtp, rtcp] = await bindPair(options.localAddress);
    return new UdpTrack(rtp, rtcp, options);
  }

  /** For the header of SETUP. */
  get clientPorts(): string {
    return `${this.rtp.address().port}-${this.rtcp.address().port}`;
  }

  /** Packets of the camera that never came. */
  get lostCount(): number {
    return this.order.lostCount;
  }

  /** Takes the camera's own ports from its answer to SETUP, and knocks at them. An address that it names is not looked at. */
  accept(serverPorts: { rtp: number; rtcp: number } | undefined): void {
    this.cameraPorts = serverPorts;
    if (!serverPorts) return;
    this.send(this.rtp, emptyRtp, serverPorts.rtp);
    this.send(this.rtcp, emptyReport, serverPorts.rtcp);
  }

  /** FFmpeg's report for the camera. */
  sendReport(report: Buffer): void {
    if (this.cameraPorts) this.send(this.rtcp, report, this.cameraPorts.rtcp);
  }

  /** @returns what has come since, for FFmpeg's connection: reports first, they tell what the packets' times mean */
  take(): Buffer {
    const reports = this.reports;
    this.reports = [];
    return interleave(this.options.channel, { reports, packets: this.order.take() });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.rtp.close();
    this.rtcp.close();
  }

  private isFromCamera(address: string, port: number, namedPort: number | undefined): boolean {
    return address === this.options.cameraAddress && (namedPort === undefined || port === namedPort);
  }

  private send(socket: UdpSocket, packet: Buffer, port: number): void {
    // What does not arrive shows in the camera's silence.
    if (!this.isClosed) socket.send(packet, port, this.options.cameraAddress, () => undefined);
  }
}

/** Packets with the four bytes in front that they have inside of an RTSP connection (RFC 2326, 10.12). */
function interleave(channel: number, { packets, reports }: { packets: readonly Buffer[]; reports: readonly Buffer[] }): Buffer {
  const all = [...reports.map((bytes) => ({ bytes, channel: channel + 1 })), ...packets.map((bytes) => ({ bytes, channel }))];
  const joined = Buffer.allocUnsafe(all.reduce((sum, { bytes }) => sum + 4 + bytes.length, 0));
  let at = 0;
  for (const { bytes, channel: number } of all) {
    joined[at] = 0x24;
    joined[at + 1] = number;
    joined.writeUInt16BE(bytes.length, at + 2);
    bytes.copy(joined, at + 4);
    at += 4 + bytes.length;
  }
  return joined;
}

async function bindPair(address: string): Promise<[UdpSocket, UdpSocket]> {
  let cause: unknown;
  for (let attempt = 0; attempt < pairAttempts; attempt++) {
    const opened: UdpSocket[] = [];
    try {
      const first = await bind(0, address);
      opened.push(first);
      const { port } = first.address();
      // RTP stands on an even port, its reports on the next one.
      const second = await bind(port % 2 === 0 ? port + 1 : port - 1, address);
      return port % 2 === 0 ? [first, second] : [second, first];
    } catch (error) {
      cause = error;
      for (const socket of opened) socket.close();
    }
  }
  throw new AppError('unavailable', 'no ports for a camera that sends over UDP', { cause, retryAfterMs: 1_000 });
}

function bind(port: number, address: string): Promise<UdpSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: receiveBytes });
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, address, () => {
      socket.removeAllListeners('error');
      // "Nobody listens" of a camera that has gone; its connection ends too.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
