import { AppError } from '@nightjar/runtime';
import { z } from 'zod';

export const pipelineStepsMax = 16;

const Steps = z.array(z.string().min(1)).min(1).max(pipelineStepsMax);
const Data = z.record(z.string(), z.unknown());

/** Tasks to run one after the other on the same pictures. */
interface PipelineRequest {
  /** Names of tasks, as the caller wrote them. */
  readonly steps: readonly string[];
  /** What every step gets: pictures and options. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads `{steps, data}`; `input` is another name of `data`, as on `/infer`. @throws AppError `invalid_argument` */
export function parsePipelineRequest(body: unknown): PipelineRequest {
  const { steps, data, input } = Data.safeParse(body).data ?? {};
  const readSteps = Steps.safeParse(steps);
  if (!readSteps.success) throw new AppError('invalid_argument', "Missing or invalid 'steps' array");
  const readData = Data.safeParse(input ?? data);
  if (!readData.success) throw new AppError('invalid_argument', "Missing or invalid 'data'");
  return { steps: readSteps.data, data: readData.data };
}
