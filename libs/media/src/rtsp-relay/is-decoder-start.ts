import { nalKinds, saysRecoveryPoint } from '../rtsp-client/nal-kinds.js';
import type { UnitCodec } from '../unit-splitter.js';

/**
 * Whether a decoder can begin with an RTP packet (RFC 3550, 5.1; RFC 6184 and 7798 without interleaving): a key frame, or the parameter
 * sets that stand before one. Of a NAL unit in several packets the first one says so.
 */
export function isDecoderStart(packet: Buffer, codec: UnitCodec): boolean {
  const kinds = nalKinds[codec];
  const payload = payloadOf(packet);
  const isStart = (nal: Buffer) => {
    const type = kinds.typeOf(nal[0] ?? 0);
    return kinds.isKey(type) || type === kinds.sequenceParameters || (codec === 'h264' && saysRecoveryPoint(nal));
  };
  if (payload.length <= kinds.headerBytes) return false;
  const type = kinds.typeOf(payload[0] ?? 0);
  if (type === kinds.aggregation) return nalsOf(payload.subarray(kinds.headerBytes)).some(isStart);
  if (type !== kinds.fragment) return isStart(payload);
  const head = payload[kinds.headerBytes] ?? 0;
  // Behind the header of the payload: whether it is the first part, and the type of the whole.
  return (head & 0x80) !== 0 && kinds.isKey(head & (codec === 'h264' ? 0x1f : 0x3f));
}

function payloadOf(packet: Buffer): Buffer {
  const fixedBytes = 12 + 4 * ((packet[0] ?? 0) & 0x0f);
  const hasExtension = ((packet[0] ?? 0) & 0x10) !== 0;
  if (!hasExtension || packet.length < fixedBytes + 4) return packet.subarray(fixedBytes);
  return packet.subarray(fixedBytes + 4 + 4 * packet.readUInt16BE(fixedBytes + 2));
}

function nalsOf(payload: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  for (let at = 0; at + 2 < payload.length;) {
    const end = at + 2 + payload.readUInt16BE(at);
    if (end > payload.length) break;
    nals.push(payload.subarray(at + 2, end));
    at = end;
  }
  return nals;
}
