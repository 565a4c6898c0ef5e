import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';

/** How RTP and RTCP packets reach one client. */
export interface RtspTransport {
  /** Value of the Transport header in the answer to SETUP. */
  readonly description: string;
  /** False when the client does not keep up and the packet was dropped. */
  sendRtp(packet: Buffer): boolean;
  sendRtcp(packet: Buffer): void;
  close(): void;
}

/** Bytes that may wait in the socket of a client that reads too slowly; beyond it frames are dropped up to the next key frame. */
const unsentBytesMax = 8 * 1024 * 1024;
const portPairAttempts = 20;

/** RTP inside the RTSP connection (RFC 2326, 10.12). */
export function interleavedTransport(socket: Socket, rtpChannel: number): RtspTransport {
  const write = (channel: number, packet: Buffer): void => {
    const frame = Buffer.alloc(4 + packet.length);
    frame[0] = 0x24;
    frame[1] = channel;
    frame.writeUInt16BE(packet.length, 2);
    packet.copy(frame, 4);
    socket.write(frame);
  };
  return {
    description: `RTP/AVP/TCP;unicast;interleaved=${rtpChannel}-${rtpChannel + 1}`,
    sendRtp: (packet) => {
      if (socket.destroyed || socket.writableLength > unsentBytesMax) return false;
      write(rtpChannel, packet);
      return true;
    },
    sendRtcp: (packet) => {
      if (!socket.destroyed) write(rtpChannel + 1, packet);
    },
    close: () => undefined,
  };
}

/** RTP over UDP, to the address the RTSP connection came from and no other. */
export async function udpTransport(address: string, clientRtpPort: number): Promise<RtspTransport> {
  const [rtp, rtcp] = await bindPortPair();
  const ignoreLoss = (): void => undefined; // an unreachable client shows itself by closing the RTSP connection
  return {
    description: `RTP/AVP;unicast;client_port=${clientRtpPort}-${clientRtpPort + 1};server_port=${rtp.address().port}-${rtcp.address().port}`,
    sendRtp: (packet) => {
      rtp.send(packet, clientRtpPort, address, ignoreLoss);
      return true;
    },
    sendRtcp: (packet) => rtcp.send(packet, clientRtpPort + 1, address, ignoreLoss),
    close: () => {
      rtp.close();
      rtcp.close();
    },
  };
}

/** RTP on a port, RTCP on the next one: what clients expect. */
async function bindPortPair(): Promise<[UdpSocket, UdpSocket]> {
  for (let attempt = 1; ; attempt += 1) {
    const rtp = await bind(0);
    try {
      return [rtp, await bind(rtp.address().port + 1)];
    } catch (error) {
      rtp.close();
      if (attempt === portPairAttempts) throw error;
    }
  }
}

function bind(port: number): Promise<UdpSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, '127.0.0.1', () => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined); // "connection refused" of a client that is gone
      resolve(socket);
    });
  });
}
