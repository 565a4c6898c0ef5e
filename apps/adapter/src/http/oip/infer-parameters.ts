import type { Lane } from '@nightjar/contracts';
import { AppError, type Clock } from '@nightjar/runtime';
import { z } from 'zod';
import { BoundedSessions } from '../../tasks/bounded-sessions.js';
import { sessionOf } from '../legacy/infer-request.js';
import type { Parameters } from './infer-request.js';

/** Parameters that the protocol and its extensions define; the others are the model's own. */
const ProtocolParameters = z.object({
  binary_data_output: z.boolean().optional(),
  /** 1 is the highest, 0 the default. */
  priority: z.int().min(0).optional(),
  /** Microseconds; 0: the default. */
  timeout: z.int().min(0).optional(),
  /** 0 and '' are none. */
  sequence_id: z.union([z.int().min(0), z.string().max(128)]).optional(),
  sequence_start: z.boolean().optional(),
  sequence_end: z.boolean().optional(),
});

interface InferOptions {
  readonly allOutputsBinary: boolean;
  readonly lane: Lane;
  /** Undefined: the server's own. */
  readonly timeoutMs: number | undefined;
  /** Whose requests follow each other. */
  readonly session: string | undefined;
  /** The sequence that ends with this request. */
  readonly endingSequence: string | undefined;
  readonly own: Parameters;
}

/** Reads what a request says about itself. @throws AppError `invalid_argument` */
export function readInferParameters(parameters: Parameters, sequences: Sequences): InferOptions {
  const read = ProtocolParameters.safeParse(parameters);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new AppError('invalid_argument', `parameter "${issue?.path.join('.')}": ${issue?.message}`);
  }
  const { binary_data_output: allOutputsBinary = false, priority = 0, timeout = 0, ...sequence } = read.data;
  const own = Object.fromEntries(Object.entries(parameters).filter(([name]) => !isReserved(name)));
  const id = sequence.sequence_id ? `${typeof sequence.sequence_id}:${sequence.sequence_id}` : undefined;
  if (id === undefined && (sequence.sequence_start || sequence.sequence_end))
    throw new AppError('invalid_argument', 'sequence_start and sequence_end need a sequence_id');
  return {
    allOutputsBinary,
    // Two lanes: whoever lowers the priority of its requests has time.
    lane: priority > 1 ? 'batch' : 'live',
    timeoutMs: timeout === 0 ? undefined : timeout / 1_000,
    session: id === undefined ? sessionOf(own) : sequences.sessionOf(id, sequence.sequence_start === true),
    endingSequence: sequence.sequence_end ? id : undefined,
    own,
  };
}

function isReserved(name: string): boolean {
  return Object.hasOwn(ProtocolParameters.shape, name) || name === 'headers' || name.startsWith('triton_');
}

const sequenceTtlMs = 5 * 60_000;
const sequencesMax = 1_000;

/** Sequences of requests: a start begins anew also where the same id is in use. */
export class Sequences {
  private readonly known: BoundedSessions<{ run: number }>;
  private runs = 0;

  constructor(clock: Clock) {
    this.known = new BoundedSessions({ clock, sessionTtlMs: sequenceTtlMs, capacity: sequencesMax, open: () => ({ run: ++this.runs }) });
  }

  /** The session that tasks know a sequence's requests by. */
  sessionOf(id: string, starts: boolean): string {
    const state = this.known.use(id);
    if (starts) state.run = ++this.runs;
    return `sequence:${state.run}:${id}`;
  }

  /** What comes under this id from now on is another sequence. */
  end(id: string): void {
    this.known.use(id).run = ++this.runs;
  }
}
