import { countsSomething, PictureRegion, ruled } from '@nightjar/contracts';
import { z } from 'zod';
import { Callbacks, ImageRetainPolicy } from '../callback-parameters.js';

const probesMax = 1_000;
const count = z.number().int().min(0).max(100_000);

const Region = PictureRegion.describe(
  'Pixels of the analysed picture, which is at most 1,280 wide and may be the substream, or percent of it, which is safer; without width or height: all of it',
);

const EventPolicy = z
  .object({
    trigger: z.enum(['start', 'end', 'period']).default('start'),
    interval: z.number().positive().max(86_400).default(1).describe('Of `period`: seconds between two events'),
  })
  .describe('When an event is told: as it starts, as it ends, or every `interval` while it lasts; null: never');

/** What a user says of `people_count`. Members of later versions are passed over. */
export const PeopleCountParameters = z.object({
  targets: z
    .array(z.enum(['coordinates', 'overview', 'people_count']))
    .max(8)
    .default([])
    .describe('coordinates: where the people are, with each estimation; overview: a picture with each event'),
  callbacks: Callbacks,
  parameters: ruled(
    z.object({
      probe_count: z.number().int().min(1).max(probesMax).default(2).describe('Estimations in a row that open an event, and that close it'),
      people_count_threshold: count.default(0).describe('An event is more people than this'),
      people_count__gte: count.optional().describe('Instead of the threshold: at least so many'),
      people_count__lte: count.optional().describe('Instead of the threshold: at most so many'),
      event_policy: EventPolicy.nullable().prefault({}),
      rate: z
        .object({ unit: z.enum(['frame', 'second']), period: z.number().positive().max(86_400) })
        .default({ unit: 'frame', period: 10 })
        .describe('An estimation on every n-th analysed frame, or after so many seconds'),
      roi: Region.nullable().prefault({}),
      droi: Region.nullable().default(null).describe('People outside do not count'),
      image_retain_policy: ImageRetainPolicy.prefault({}),
    }),
    countsSomething,
  ).prefault({}),
});
export type PeopleCountParameters = z.infer<typeof PeopleCountParameters>;

/** What a stream without analytics does: people of every frame are told to whoever listens. */
export const plainPeopleCount = {
  targets: ['coordinates'],
  parameters: { rate: { unit: 'frame', period: 1 }, event_policy: null },
} as const;
