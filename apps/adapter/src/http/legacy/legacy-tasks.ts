import { AppError, type Clock } from '@nightjar/runtime';
import type { z } from 'zod';
import type { EnginePool } from '../../engine/engine-pool.js';
import type { AnsweringModel, EngineTaskName } from '../../engine/protocol.js';
import { PersonCounting, type PersonCountingCall } from '../../tasks/person-counting/person-counting.js';
import { PictureInput } from './infer-request.js';

/** A task of the legacy surface, by its public name. */
export interface LegacyTask {
  readonly name: string;
  readonly description: string;
  /** What it needs an engine process to do. */
  readonly engineTask: EngineTaskName;
  readonly input: z.ZodType;
  readonly bboxFormat: 'ltwh' | 'xyxy';
  readonly run: (call: PersonCountingCall) => Promise<object & { model: AnsweringModel }>;
}

/** The tasks of the legacy surface. One is offered while a model that can do it is present and verified. */
export class LegacyTasks {
  private readonly tasks: readonly LegacyTask[];

  constructor(
    private readonly pool: EnginePool,
    clock: Clock,
  ) {
    const personCounting = new PersonCounting(pool, clock);
    this.tasks = [
      {
        name: 'person_counting',
        description: 'Counts persons on a picture and tracks them from picture to picture of one camera',
        engineTask: 'person_detection',
        input: PictureInput,
        bboxFormat: 'ltwh',
        run: (call) => personCounting.run(call),
      },
    ];
  }

  available(): LegacyTask[] {
    const usable = this.pool.status.models.filter(({ problem }) => problem === undefined);
    return this.tasks.filter(({ engineTask }) => usable.some(({ tasks }) => tasks.includes(engineTask)));
  }

  /** @throws AppError `invalid_argument` with the list of tasks */
  require(name: string): LegacyTask {
    // While the engine processes start nothing is known to be available: a request for a known task then waits for them.
    const offered = this.pool.status.models.length === 0 ? this.tasks : this.available();
    const task = offered.find((candidate) => candidate.name === name);
    if (task) return task;
    const names = offered.map((candidate) => candidate.name).join(', ');
    throw new AppError('invalid_argument', `Unknown task '${name.slice(0, 64)}'; available tasks: ${names || 'none'}`);
  }
}
