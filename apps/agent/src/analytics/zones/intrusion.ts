import { WeeklySchedule } from '@nightjar/contracts';
import { z } from 'zod';
import type { Analytic } from '../analytic.js';
import { alertParameters } from '../callback-parameters.js';
import { AnchorParameter, LabelsParameter, zoneMisfit, ZoneParameter } from '../zone-parameters.js';
import { ZoneWatch } from './zone-watch.js';

const IntrusionParameters = alertParameters(
  z
    .strictObject({
      zone: ZoneParameter,
      anchor: AnchorParameter,
      labels: LabelsParameter.default(['person']),
      schedule: WeeklySchedule.nullable().default(null).describe('When nobody may be in the zone; null: always'),
      min_dwell_seconds: z.number().min(0).max(3_600).default(0).describe('Who is inside for less does not count'),
      grace_seconds: z
        .number()
        .min(0)
        .max(600)
        .default(5)
        .describe('Outside or out of sight for up to this long is still the same intrusion'),
    })
    .prefault({}),
);
type IntrusionParameters = z.infer<typeof IntrusionParameters>;

/** Somebody is where nobody may be. */
export const intrusion: Analytic<IntrusionParameters> = {
  name: 'intrusion',
  version: '1.0.0',
  description: 'Tells of everybody in a zone at the hours of a schedule.',
  documentation: 'An event opens for each object whose anchor point is in the zone, its edge included, and closes when it has left.',
  schema: IntrusionParameters,
  labelsOf: ({ parameters }) => parameters.labels,
  misfitOn: ({ parameters }, frame) => zoneMisfit(parameters.zone, frame),
  create: (given, context) =>
    new ZoneWatch(
      ({ parameters: { zone, anchor, labels, schedule, min_dwell_seconds, grace_seconds } }) => ({
        zone,
        anchor,
        labels,
        schedule,
        dwellSeconds: min_dwell_seconds,
        graceSeconds: grace_seconds,
      }),
      given,
      context,
    ),
};
