import { z } from 'zod';
import type { Analytic } from '../analytic.js';
import { alertParameters } from '../callback-parameters.js';
import { AnchorParameter, LabelsParameter, zoneMisfit, ZoneParameter } from '../zone-parameters.js';
import { ZoneWatch } from './zone-watch.js';

const LoiteringParameters = alertParameters(
  z
    .strictObject({
      zone: ZoneParameter,
      anchor: AnchorParameter,
      labels: LabelsParameter.default(['person']),
      dwell_seconds: z.number().min(1).max(86_400).default(30).describe('Who stays in the zone for so long loiters'),
      grace_seconds: z.number().min(0).max(600).default(10).describe('Outside or out of sight for up to this long goes on with the stay'),
    })
    .prefault({}),
);
type LoiteringParameters = z.infer<typeof LoiteringParameters>;

/** Somebody stays for longer than they should. */
export const loitering: Analytic<LoiteringParameters> = {
  name: 'loitering',
  version: '1.0.0',
  description: 'Tells of everybody who stays in a zone for longer than a given time.',
  documentation: 'Each track has a stay of its own: two people one after the other are not one who stays long.',
  schema: LoiteringParameters,
  labelsOf: ({ parameters }) => parameters.labels,
  misfitOn: ({ parameters }, frame) => zoneMisfit(parameters.zone, frame),
  create: (given, context) =>
    new ZoneWatch(
      ({ parameters: { zone, anchor, labels, dwell_seconds, grace_seconds } }) => ({
        zone,
        anchor,
        labels,
        schedule: null,
        dwellSeconds: dwell_seconds,
        graceSeconds: grace_seconds,
      }),
      given,
      context,
    ),
};
