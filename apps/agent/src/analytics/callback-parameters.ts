import { countsSomething, ruled } from '@nightjar/contracts';
import { z } from 'zod';

const callbacksMax = 10;
const Flag = z.union([z.literal(0), z.literal(1)]).default(1);
const HeaderName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);
const HeaderValue = z
  .string()
  .max(1_000)
  .regex(/^[\x20-\x7e]*$/, 'must be visible ASCII');
/** The sender's own business. */
const ownHeaders = ['host', 'content-length', 'transfer-encoding', 'connection', 'content-type', 'authorization', 'accept-encoding'];
/** Both cases are written out, here and below: patterns of a published schema have no flags. */
const httpAddress = new RegExp(`^${inBothCases('http')}[Ss]?://`);
/** A pattern in the place of a refinement, which a published schema would not have. */
const othersHeader = new RegExp(`^(?!(?:${ownHeaders.map(inBothCases).join('|')})$)`);

const Filters = ruled(
  z.object({ people_count__gte: z.number().int().min(0).optional(), people_count__lte: z.number().int().min(0).optional() }),
  countsSomething,
).describe('Only events whose count lies in this range');

const HttpCallback = z.object({
  type: z.literal('http'),
  enable: Flag,
  // A published schema tells the pattern by itself, and the format only when it is told so: the last of several checks hides it.
  url: z.url().max(2_000).regex(httpAddress, 'must begin with http:// or https://').meta({ format: 'uri' }),
  authorization: z
    .object({ type: z.literal('basic'), login: z.string().max(128), password: z.string().max(128) })
    .nullable()
    .optional(),
  params: z
    .object({
      timeout: z.number().positive().max(60).default(60).describe('Seconds for one attempt'),
      content_type: z.literal('application/json').default('application/json'),
      headers: z.record(HeaderName.regex(othersHeader, 'this header is not yours to set'), HeaderValue).default({}),
    })
    .prefault({}),
  filters: Filters.optional(),
});
export type HttpCallback = z.infer<typeof HttpCallback>;

const NotificationCallback = z.object({ type: z.literal('luna-ws-notification'), enable: Flag, filters: Filters.optional() });

/** Who hears of an event: an address, or the listeners of the stream's WebSocket. */
export const Callback = z.discriminatedUnion('type', [HttpCallback, NotificationCallback]);
export type Callback = z.infer<typeof Callback>;

export const Callbacks = z.array(Callback).max(callbacksMax).default([]);

/** How the picture of an event is kept. */
export const ImageRetainPolicy = z.object({
  mimetype: z.enum(['JPEG', 'PNG']).default('JPEG'),
  quality: z.number().min(0).max(1).default(1).describe('Of a JPEG'),
  max_size: z.number().int().min(16).max(8_192).default(640).describe('Pixels of its longer side, at most'),
});
export type ImageRetainPolicy = z.infer<typeof ImageRetainPolicy>;

/** Whether a callback is for an event with this count. */
export function wants(callback: Callback, count: number | undefined): boolean {
  const { people_count__gte: least = 0, people_count__lte: most = Number.POSITIVE_INFINITY } = callback.filters ?? {};
  return callback.enable === 1 && (count === undefined || (count >= least && count <= most));
}

function inBothCases(name: string): string {
  return name.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}

/** What an analytic that tells of alerts is given: its own parameters, whom it tells, and whether with a picture. */
export function alertParameters<Own extends z.ZodType>(parameters: Own) {
  return z.strictObject({
    targets: z
      .array(z.enum(['overview']))
      .max(1)
      .default([]),
    callbacks: Callbacks,
    parameters,
  });
}
