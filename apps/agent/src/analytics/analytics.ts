import type { AnalyticOffer } from '@nightjar/contracts';
import { z } from 'zod';
import type { Analytic, AnalyticParameters } from './analytic.js';
import { abandonedObject } from './abandoned-object/abandoned-object.js';
import { humanTracking } from './human-tracking/human-tracking.js';
import { motion } from './motion/motion.js';
import { peopleCount } from './people-count/people-count.js';
import { intrusion } from './zones/intrusion.js';
import { lineCrossing } from './zones/line-crossing.js';
import { loitering } from './zones/loitering.js';
import { occupancy } from './zones/occupancy.js';

/** Every analytic that an agent of ours can run. */
const table = [
  erased(peopleCount),
  erased(humanTracking),
  erased(intrusion),
  erased(lineCrossing),
  erased(loitering),
  erased(occupancy),
  erased(motion),
  erased(abandonedObject),
] as const;

/** By name. */
export const analytics: ReadonlyMap<string, Analytic> = new Map(table.map((analytic) => [analytic.name, analytic]));

/** What nvr is told of them: with it, parameters are checked before they reach an agent. */
export function analyticOffers(): AnalyticOffer[] {
  return table.map(({ name, description, documentation, version, schema }) => ({
    analytic_name: name,
    description,
    documentation,
    version,
    parameters: defaultsOf(schema),
    validation_schema: z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }),
  }));
}

/** What counts where a user says nothing; nothing for an analytic that can't do without being told something. */
function defaultsOf(schema: z.ZodType): Record<string, unknown> {
  const { data } = schema.safeParse({});
  return (data as Record<string, unknown> | undefined) ?? {};
}

/** Whoever runs an analytic gives it only parameters that its own schema made. */
function erased<Parameters extends AnalyticParameters>(analytic: Analytic<Parameters>): Analytic {
  return analytic as unknown as Analytic;
}
