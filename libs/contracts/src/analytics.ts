import { z } from 'zod';
import { rpc } from './bus-message.js';
import { parameterRules } from './parameter-rules.js';
import { beyondPicture, isWithinPicture, withinPictureKeyword } from './picture-region.js';
import { isTimezone, timezoneFormat } from './weekly-schedule.js';

/** Name of an analytic: `people_count`. Agents of others register names of their own. */
export const AnalyticName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);

/** One analytic of a stream as its user asked for it. `parameters` fit the schema that its agent registered. */
export const StreamAnalytic = z.object({ analytic_name: AnalyticName, parameters: z.record(z.string(), z.unknown()) });
export type StreamAnalytic = z.infer<typeof StreamAnalytic>;

/** An analytic that an agent can run. */
export const AnalyticOffer = z.object({
  analytic_name: AnalyticName,
  description: z.string().max(2_000),
  /** Markdown. */
  documentation: z.string().max(50_000),
  version: z.string().max(32),
  /** What counts where a user says nothing. */
  parameters: z.record(z.string(), z.unknown()),
  /** JSON Schema (2020-12) of `parameters`. */
  validation_schema: z.record(z.string(), z.unknown()),
});
export type AnalyticOffer = z.infer<typeof AnalyticOffer>;

/**
 * What a `validation_schema` says beyond the standard's own keywords, in the form that Ajv takes. Who validates with it refuses what
 * our agents refuse; who does not know it lets some of that through.
 */
export const schemaVocabulary = {
  formats: { [timezoneFormat]: isTimezone, uri: (text: string) => URL.canParse(text) },
  keywords: [
    {
      keyword: withinPictureKeyword,
      type: 'object' as const,
      // The region alone says whether it fits.
      schema: false,
      validate: isWithinPicture,
      error: { message: beyondPicture },
    },
    ...parameterRules.map(({ holds, keyword, message, type }) => ({ keyword, type, schema: false, validate: holds, error: { message } })),
  ],
};

/** An agent says what it can run, at its start and whenever nvr comes back. Safe to repeat. */
export const offerAnalytics = rpc({
  subject: 'nightjar.analytics.offer',
  request: z.object({ agent_id: z.string().min(1).max(128), analytics: z.array(AnalyticOffer).max(64) }),
  reply: z.object({}),
});

/** The video of a stream as it is analysed: sizes are those of turned pictures. */
export const VideoInfo = z.object({
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  /** Null where units can't be told apart, and of files. */
  codec: z.string().max(16).nullable(),
});
export type VideoInfo = z.infer<typeof VideoInfo>;

/** What an agent tells of one of its streams with each claim. `version` is that of the assignment: older ones count for nothing. */
export const StreamFeedback = z.object({
  stream_id: z.uuid(),
  version: z.number().int().min(1),
  status: z.enum(['in_progress', 'done', 'failure']),
  error: z.string().max(500).nullable(),
  at_unix_ms: z.number(),
  /** Absent before the first picture. */
  video_info: VideoInfo.optional(),
});
export type StreamFeedback = z.infer<typeof StreamFeedback>;
