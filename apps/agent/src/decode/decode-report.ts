import type { AssignedStream, DecodeReport } from '@nightjar/contracts';
import type { Clock } from '@nightjar/runtime';
import type { SourceStatus } from '../sources/camera-source.js';

/** Bound of the contract. */
const charactersMax = 500;

/** What people are told of a live stream: how much of it is decoded, and why. */
export function decodeReport(
  stream: Pick<AssignedStream, 'stream_id' | 'camera_id'>,
  { clock, framesDropped, source }: { clock: Clock; framesDropped: number; source: SourceStatus },
): DecodeReport {
  const { decision, lastWake, picture, watched } = source;
  const toUnixMs = (monotonicMs: number) => Math.round(clock.wallMs() - (clock.monotonicMs() - monotonicMs));
  return {
    stream_id: stream.stream_id,
    camera_id: stream.camera_id,
    state: decision.state,
    reason: decision.reason,
    since_unix_ms: toUnixMs(decision.atMs),
    last_wake: lastWake ? { reason: lastWake.reason, at_unix_ms: toUnixMs(lastWake.atMs) } : null,
    connected: source.isConnected,
    stream: source.stream,
    main_because: source.mainBecause?.slice(0, charactersMax) ?? null,
    reading: source.reading,
    picture: picture ? { w: picture.width, h: picture.height } : null,
    codec: watched?.codec ?? null,
    hardware: watched?.hardware ?? 'none',
    separation: watched?.separation ?? null,
    motion: watched?.motion ?? null,
    ...(watched && { restless_share: Math.round(watched.restlessShare * 1_000) / 1_000 }),
    units: source.units,
    pictures: source.pictures,
    dropped: { decoder_too_slow: source.unitsDropped, adapter_too_slow: framesDropped },
  };
}
