import { AppError, type Health } from '@nightjar/runtime';
import { asLuna, linkOf, lunaErrors } from './luna-errors.js';

/** A part of the service, or one that it depends on; `error` null: it is well. */
interface Component {
  component: string;
  error: string | null;
}

/**
 * What `/healthcheck` answers: the time it took (seconds), or 502 with what is not well.
 * @param given `include_luna_services` as it came
 * @param dependents the other services, looked at when they are asked for
 * @throws AppError `invalid_argument` (12022) for anything but 0 and 1
 */
export async function healthReply(
  health: Health,
  { dependents, given }: { given: unknown; dependents: () => readonly Component[] },
): Promise<{ httpStatus: number; body: object }> {
  if (given !== undefined && given !== '0' && given !== '1')
    throw new AppError('invalid_argument', 'include_luna_services is neither 0 nor 1', {
      details: asLuna(lunaErrors.parameterInvalid, "path 'include_luna_services' message 'must be 0 or 1'"),
    });
  const startedMs = performance.now();
  const { checks } = await health.read();
  const own = Object.entries(checks).map(([component, said]) => ({ component, error: said === 'ok' ? null : said }));
  const components = [...own, ...(given === '1' ? dependents() : [])];
  const execution_time = Math.round(performance.now() - startedMs) / 1_000;
  const ill = components.filter(({ error }) => error !== null);
  if (ill.length === 0) return { httpStatus: 200, body: { execution_time } };
  const body = {
    ...lunaErrors.unhealthy,
    detail: `Not well: ${ill.map(({ component }) => component).join(', ')}`,
    link: linkOf(lunaErrors.unhealthy),
    execution_time,
    components: components.map(({ component, error }) => ({
      component,
      status: error === null ? 200 : 502,
      error: error === null ? null : { desc: error },
    })),
  };
  return { httpStatus: 502, body };
}
