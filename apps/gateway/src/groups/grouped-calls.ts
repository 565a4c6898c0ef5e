import { AppError } from '@nightjar/runtime';

interface Waiting<Asked, Answer> {
  asked: Asked;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

interface Lane<Asked, Answer> {
  waiting: Waiting<Asked, Answer>[];
  groupsUnderWay: number;
}

export interface GroupedCallsOptions<LaneName, Asked, Answer> {
  /** In one group. Full: the others go with the next; who may ask is bounded by the calls that the gateway takes in. */
  atOnce: number;
  /** Groups of a lane that may be on their way at a time. Default 1. */
  groupsAtOnce?: number;
  /** Asks for a group and gives the answers in its order. */
  ask: (lane: LaneName, group: readonly Asked[]) => Promise<readonly Answer[]>;
  /** Of those with the same name only one goes with a group; undefined: it meets nobody. */
  nameOf?: (asked: Asked) => string | undefined;
}

/**
 * Asks together, in its order, for what comes in one lane while former answers are on their way. What comes alone goes at once. When a
 * group is refused, each of it is asked for alone: none fails for another one's sake.
 */
export class GroupedCalls<LaneName, Asked, Answer> {
  /** Those in which an answer is on its way. */
  private readonly lanes = new Map<LaneName, Lane<Asked, Answer>>();

  constructor(private readonly options: GroupedCallsOptions<LaneName, Asked, Answer>) {}

  /** @throws what asking alone throws; `unavailable` also for a group */
  ask(laneName: LaneName, asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const lane = this.lanes.get(laneName) ?? { waiting: [], groupsUnderWay: 0 };
      this.lanes.set(laneName, lane);
      lane.waiting.push({ asked, resolve, reject });
      if (lane.groupsUnderWay < (this.options.groupsAtOnce ?? 1)) void this.askWhileSomeWait(laneName, lane);
    });
  }

  private async askWhileSomeWait(laneName: LaneName, lane: Lane<Asked, Answer>): Promise<void> {
    lane.groupsUnderWay++;
    while (lane.waiting.length > 0) await this.askFor(laneName, this.takeGroup(lane));
    lane.groupsUnderWay--;
    if (lane.groupsUnderWay === 0) this.lanes.delete(laneName);
  }

  private takeGroup(lane: Lane<Asked, Answer>): Waiting<Asked, Answer>[] {
    const { atOnce, nameOf } = this.options;
    const names = new Set<string>();
    const group: Waiting<Asked, Answer>[] = [];
    const others: Waiting<Asked, Answer>[] = [];
    for (const one of lane.waiting) {
      const name = nameOf?.(one.asked);
      const joins = group.length < atOnce && (name === undefined || !names.has(name));
      if (joins && name !== undefined) names.add(name);
      (joins ? group : others).push(one);
    }
    lane.waiting = others;
    return group;
  }

  private async askFor(laneName: LaneName, group: readonly Waiting<Asked, Answer>[]): Promise<void> {
    try {
      const answers = await this.options.ask(
        laneName,
        group.map(({ asked }) => asked),
      );
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new AppError('internal', 'a call got no answer'));
        else resolve(answer);
      }
    } catch (error) {
      if (group.length === 1 || (error instanceof AppError && error.code === 'unavailable')) for (const { reject } of group) reject(error);
      else for (const one of group) await this.askFor(laneName, [one]);
    }
  }
}
