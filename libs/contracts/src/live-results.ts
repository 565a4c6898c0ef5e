import { z } from 'zod';
import { fact, rpc } from './bus-message.js';

/** A message of `/1/ws`, in the words of the Luna Video Agent. */
export const StreamMessage = z.object({
  stream_status: z.enum(['pending', 'in_progress', 'restart', 'done', 'stop', 'failure']),
  error: z.string().max(2_000).nullable(),
  /** Lists by the name of the analytic. */
  analytics_results: z.record(z.string(), z.record(z.string(), z.array(z.unknown()))),
});
export type StreamMessage = z.infer<typeof StreamMessage>;

/** Somebody listens to a stream at nvr: whoever analyses it tells its messages on the bus for this long. Told again while it is so. */
export const streamListened = fact({
  subject: () => 'nightjar.streams.listened',
  pattern: 'nightjar.streams.listened',
  payload: z.object({ stream_id: z.uuid(), for_ms: z.number().int().positive().max(60_000) }),
});

/** A message of a stream to which somebody listens. */
export const streamTold = fact({
  subject: ({ stream_id: streamId }) => `nightjar.streams.told.${streamId}`,
  pattern: 'nightjar.streams.told.*',
  payload: z.object({ stream_id: z.uuid(), message: StreamMessage }),
});

/** Listeners of one agent, at most. */
export const listenersMax = 256;

/** Who listens at an agent: the user of a session, or a key. */
export const StreamListener = z.union([
  z.strictObject({ user_id: z.number().int(), session_id: z.uuid().nullable() }),
  z.strictObject({ key_id: z.string().min(1).max(64) }),
]);
export type StreamListener = z.infer<typeof StreamListener>;

/** Whether listeners may still listen: an agent asks every few seconds, since it does not know who may see which camera. In their order. */
export const checkListeners = rpc({
  subject: 'nightjar.streams.check-listeners',
  request: z.object({ listeners: z.array(z.object({ stream_id: z.uuid(), listener: StreamListener })).max(listenersMax) }),
  reply: z.object({ allowed: z.array(z.boolean()) }),
});
