import { z } from 'zod';

/** What an on-event plugin is told of: one point of a time series, in the words of the Luna Video Agent's monitoring. */
export interface MonitoringPoint {
  series: 'request' | 'stream_processing' | 'stream_decoding' | 'frame';
  /** RFC 3339, UTC. */
  time: string;
  tags: Readonly<Record<string, string | number>>;
  fields: Readonly<Record<string, string | number | null>>;
}

/** What a plugin's thread is made with. */
export interface PluginThreadData {
  moduleUrl: string;
  type: 'event' | 'background';
  settings: Readonly<Record<string, unknown>>;
  /** A folder of its own that it may write to. */
  dataDir: string;
}

/** To the thread. */
export type PluginOrder = { kind: 'point'; point: MonitoringPoint } | { kind: 'stop' };

/** From the thread. `done`: the oldest point was dealt with. `ended`: a background plugin returned by itself. */
export const PluginNotice = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('done') }),
  z.object({ kind: z.literal('ended') }),
  z.object({ kind: z.literal('failed'), reason: z.string() }),
  z.object({ kind: z.literal('log'), message: z.string(), fields: z.unknown() }),
]);
export type PluginNotice = z.infer<typeof PluginNotice>;
