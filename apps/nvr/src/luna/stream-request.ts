import { AnalyticName, PictureRegion, Rotation } from '@nightjar/contracts';
import { z } from 'zod';

const text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters');
/** Text of several lines. */
const longText = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u, 'must be text without control characters');
const jsonDepthMax = 64;
/** What is kept as it comes. The database takes neither NUL nor half of a surrogate pair, and who reads it has a stack of his own. */
const JsonObject = z
  .record(z.string(), z.unknown())
  .refine(isKept, `must be without NUL characters and lone surrogates, and at most ${jsonDepthMax} levels deep`);
const GroupName = z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/, 'must be letters, digits, _ and - in up to 128 characters');

const Location = z.strictObject({
  city: text(128).nullish(),
  area: text(128).nullish(),
  district: text(128).nullish(),
  street: text(128).nullish(),
  house_number: text(36).nullish(),
  geo_position: z.strictObject({ longitude: z.number().min(-180).max(180), latitude: z.number().min(-90).max(90) }).nullish(),
});

/** What of the source may be chosen beside its address. */
const sourceShape = {
  /** `tcp` and `udp`: RTSP over it; `videofile`: a file, over http or https. */
  type: z.enum(['tcp', 'udp', 'videofile']).default('tcp'),
  rotation: Rotation.describe('Degrees by which pictures are turned, clockwise').optional(),
  roi: PictureRegion.describe('The part of the turned picture that is looked at').nullish(),
  droi: PictureRegion.describe('The part of the turned picture in which the middle of an object has to lie to count').nullish(),
  /** Files are always fetched before they are analysed. */
  downloadable: z.boolean().optional(),
  /** Kept, and of no effect: times of pictures are their own in files, and those of arrival in streams. */
  timestamp_source: z.enum(['auto', 'pts', 'server', 'frame_rate']).optional(),
};

const Autorestart = z.strictObject({
  restart: z.union([z.literal(0), z.literal(1)]).default(1),
  attempt_count: z.number().int().min(1).max(1_000).default(10),
  /** Seconds. */
  delay: z.number().int().min(1).max(86_400).default(60),
});
export type Autorestart = z.infer<typeof Autorestart>;

/** As it was read: how far its restarts are is passed over. */
const ShownAutorestart = Autorestart.extend({
  current_attempt: z.unknown().optional(),
  last_attempt_time: z.unknown().optional(),
  status: z.unknown().optional(),
}).transform(({ attempt_count, delay, restart }): Autorestart => ({ restart, attempt_count, delay }));

/** One analytic as a user asks for it: by name or by id. */
const RequestedAnalytic = z
  .strictObject({
    analytic_name: AnalyticName.optional(),
    analytic_id: z.uuid().optional(),
    parameters: JsonObject.default({}),
  })
  .refine(
    ({ analytic_id, analytic_name }) => analytic_id !== undefined || analytic_name !== undefined,
    'analytic_name or analytic_id is needed',
  );
export type RequestedAnalytic = z.infer<typeof RequestedAnalytic>;

const streamShape = {
  /** Elsewhere it stands in a header; here it must be the caller's too. */
  account_id: z.uuid().optional(),
  name: text(128).default(''),
  description: text(512).default(''),
  location: Location.nullish(),
  autorestart: Autorestart.default(() => Autorestart.parse({})),
  group_name: GroupName.optional(),
  group_id: z.uuid().optional(),
  analytics: z.array(RequestedAnalytic).min(1).max(16),
};

const statuses = ['pending', 'in_progress', 'done', 'restart', 'failure', 'stop'] as const;
export type LunaStatus = (typeof statuses)[number];

/** `POST /1/streams`. */
export const NewStream = z.strictObject({
  ...streamShape,
  data: z.strictObject({ ...sourceShape, reference: z.string().min(1).max(2_048) }),
  status: z.enum(['pending', 'stop']).default('pending'),
});
export type NewStream = z.infer<typeof NewStream>;

/** What a stream shows that is nobody's to set: who sends back what was read changes nothing of it. */
const shownShape = {
  stream_id: z.unknown().optional(),
  version: z.unknown().optional(),
  last_error: z.unknown().optional(),
  groups: z.unknown().optional(),
  video_info: z.unknown().optional(),
  preview: z.unknown().optional(),
  create_time: z.unknown().optional(),
};

/**
 * `PUT /1/streams/{id}`, which takes what `GET` shows: a camera's source stays the camera's, whatever is said of it. Of the statuses `stop` and
 * `pending` are a wish, the others only what was read.
 */
export const ReplacedStream = z
  .strictObject({
    ...streamShape,
    ...shownShape,
    autorestart: ShownAutorestart.default(() => Autorestart.parse({})),
    analytics: z.array(RequestedAnalytic).max(16),
    data: z.strictObject({ ...sourceShape, reference: z.string().min(1).max(2_048).optional() }).optional(),
    status: z.enum(statuses).optional(),
  })
  .transform(({ account_id, analytics, autorestart, data, description, group_id, group_name, location, name, status }) => ({
    ...{ account_id, analytics, autorestart, data, description, group_id, group_name, location, name },
    status: status === 'stop' || status === 'pending' ? status : undefined,
  }));
export type ReplacedStream = z.infer<typeof ReplacedStream>;

const integer = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** What lists of streams are narrowed by. `statuses`: names, or API 2's numbers, separated by commas. */
export const StreamsQuery = z.object({
  page: integer(1, 1_000_000).default(1),
  page_size: integer(1, 1_000).default(10),
  group_id: z.uuid().optional(),
  statuses: z.string().max(200).optional(),
});

const numbered: Record<string, LunaStatus> = { 0: 'pending', 1: 'in_progress', 2: 'done', 3: 'restart', 4: 'failure', 5: 'stop' };

/** @returns the first word that is no status instead, where there is one */
export function parseStatuses(given: string | undefined): { statuses: LunaStatus[] | undefined } | { unknown: string } {
  if (given === undefined) return { statuses: undefined };
  const words = given.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !isStatus(word) && !Object.hasOwn(numbered, word));
  if (unknown !== undefined) return { unknown };
  return { statuses: words.map((word) => (isStatus(word) ? word : numbered[word]!)) };
}

function isStatus(word: string): word is LunaStatus {
  return (statuses as readonly string[]).includes(word);
}

export const permittedStatuses = statuses.join(', ');

export const LogsQuery = z.object({
  stream_id: z.uuid().optional(),
  time__gte: z.iso.datetime({ offset: true }).optional(),
  time__lt: z.iso.datetime({ offset: true }).optional(),
  targets: z.string().max(200).optional(),
  page: integer(1, 1_000_000).default(1),
  page_size: integer(1, 1_000).default(100),
});

/** Fields of a log entry that a caller may ask for. */
export const logTargets = ['stream_id', 'version', 'status', 'error', 'time'] as const;

export const NewGroup = z.strictObject({ group_name: GroupName, description: text(256).default('') });
export const GroupLink = z
  .strictObject({
    group_id: z.uuid().optional(),
    group_name: GroupName.optional(),
    stream_ids: z.array(z.uuid()).min(1).max(1_000),
    action: z.enum(['link', 'unlink']),
  })
  .refine(({ group_id, group_name }) => group_id !== undefined || group_name !== undefined, 'group_id or group_name is needed');

export const NewAnalytic = z.strictObject({
  analytic_name: AnalyticName,
  description: text(2_000).default(''),
  documentation: longText(50_000).default(''),
  version: z
    .string()
    .regex(/^\d{1,5}(\.\d{1,5}){0,2}$/, 'must be a version like 1.2.3')
    .default('0.0.1'),
  parameters: JsonObject.default({}),
  validation_schema: JsonObject.default({}),
});
export type NewAnalytic = z.infer<typeof NewAnalytic>;

export const NewAgent = z.strictObject({
  name: text(128),
  description: text(256).default(''),
  host: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host')
    .optional(),
  port: integer(1, 65_535),
  api_version: integer(1, 1_000).default(1),
  analytics: z.array(AnalyticName).min(1).max(64),
  max_stream_count: integer(0, 1_024),
  agent_groups: z.array(z.string()).max(64).optional(),
});
export type NewAgent = z.infer<typeof NewAgent>;

/** What is kept of an agent's words. */
const errorCharactersMax = 500;

export const Feedback = z.strictObject({
  feedback: z
    .array(
      z.object({
        stream_id: z.uuid(),
        version: z.number().int().min(1),
        status: z.enum(['in_progress', 'done', 'failure']),
        error: z
          .string()
          .transform((text) => text.slice(0, errorCharactersMax))
          .nullish(),
        time: z.iso.datetime({ offset: true }).optional(),
      }),
    )
    .max(1_024),
});

function isKept(json: Record<string, unknown>): boolean {
  let level: unknown[] = [json];
  for (let depth = 0; depth <= jsonDepthMax && level.length > 0; depth++) {
    if (level.some((value) => typeof value === 'string' && !/^[^\0\p{Cs}]*$/u.test(value))) return false;
    level = level.flatMap((value) => {
      if (Array.isArray(value)) return value as unknown[];
      return typeof value === 'object' && value !== null ? Object.entries(value).flat() : [];
    });
  }
  return level.length === 0;
}
