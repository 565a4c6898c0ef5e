import type { Clock } from '@nightjar/runtime';
import type { EnginePool } from '../../engine/engine-pool.js';
import { countPersons, type PersonCount } from './count-persons.js';
import { TrackingSessions } from './tracking-sessions.js';
import type { AnsweringModel } from '../../engine/protocol.js';

/** Score from which a detection counts as a person: about 1.5 % of the boxes above it are false on street footage. */
export const personMinScore = 0.45;
/** Weaker ones continue a track that is there: somebody half hidden. */
const weakMinScore = 0.2;

export interface PersonCountingCall {
  /** JPEG, PNG or WebP whose header was checked. */
  readonly picture: Uint8Array;
  /** Whose pictures follow each other; undefined: this picture stands alone. */
  readonly session: string | undefined;
  /** Who asks, for taking turns. */
  readonly turn: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Counts persons, and knows them again on the next picture of the same session. */
export class PersonCounting {
  private readonly sessions: TrackingSessions;

  constructor(
    private readonly pool: EnginePool,
    clock: Clock,
  ) {
    this.sessions = new TrackingSessions({
      clock,
      highScore: personMinScore,
      lowScore: weakMinScore,
      lostTrackMs: 30_000,
      sessionTtlMs: 5 * 60_000,
      capacity: 1_000,
    });
  }

  /** @throws AppError of the engine pool */
  async run(call: PersonCountingCall): Promise<PersonCount & { model: AnsweringModel }> {
    const { picture, session, turn, timeoutMs, signal } = call;
    const options = { minScore: session === undefined ? personMinScore : weakMinScore };
    const found = await this.pool.run({ work: { task: 'person_detection', options, picture }, lane: 'live', turn, timeoutMs, signal });
    const persons = this.sessions.update(session, found.objects);
    return { ...countPersons(persons, found.picture), model: found.model };
  }
}
