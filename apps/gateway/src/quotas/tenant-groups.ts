import { AppError } from '@nightjar/runtime';

interface Waiting<Asked, Answer> {
  asked: Asked;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

interface TenantGroupsOptions<Asked, Answer> {
  /** In one group. Full: the others go with the next; who may ask is bounded by the requests that the gateway runs. */
  atOnce: number;
  /** Asks for a group and gives the answers in its order. */
  ask: (tenantId: number, group: readonly Asked[]) => Promise<readonly Answer[]>;
  /** Of those with the same name only one goes with a group; undefined: it meets nobody. */
  nameOf?: (asked: Asked) => string | undefined;
}

/**
 * Asks together, in its order, for what comes for one tenant while the former answer is on its way. What comes alone goes at once. When a
 * group is refused, each of it is asked for alone: none fails for another one's sake.
 */
export class TenantGroups<Asked, Answer> {
  /** Of tenants whose answer is on its way. */
  private readonly waiting = new Map<number, Waiting<Asked, Answer>[]>();

  constructor(private readonly options: TenantGroupsOptions<Asked, Answer>) {}

  /** @throws what asking alone throws; `unavailable` also for a group */
  ask(tenantId: number, asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const one = { asked, resolve, reject };
      const waiting = this.waiting.get(tenantId);
      if (waiting) return void waiting.push(one);
      this.waiting.set(tenantId, [one]);
      void this.askAll(tenantId);
    });
  }

  private async askAll(tenantId: number): Promise<void> {
    for (let waiting = this.waiting.get(tenantId) ?? []; waiting.length > 0; waiting = this.waiting.get(tenantId) ?? []) {
      const { group, others } = this.nextGroup(waiting);
      this.waiting.set(tenantId, others);
      await this.askFor(tenantId, group);
    }
    this.waiting.delete(tenantId);
  }

  private nextGroup(waiting: readonly Waiting<Asked, Answer>[]) {
    const { atOnce, nameOf } = this.options;
    const names = new Set<string>();
    const group: Waiting<Asked, Answer>[] = [];
    const others: Waiting<Asked, Answer>[] = [];
    for (const one of waiting) {
      const name = nameOf?.(one.asked);
      const joins = group.length < atOnce && (name === undefined || !names.has(name));
      if (joins && name !== undefined) names.add(name);
      (joins ? group : others).push(one);
    }
    return { group, others };
  }

  private async askFor(tenantId: number, group: readonly Waiting<Asked, Answer>[]): Promise<void> {
    try {
      const answers = await this.options.ask(
        tenantId,
        group.map(({ asked }) => asked),
      );
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new AppError('internal', 'a submit got no answer'));
        else resolve(answer);
      }
    } catch (error) {
      if (group.length === 1 || (error instanceof AppError && error.code === 'unavailable')) for (const { reject } of group) reject(error);
      else for (const one of group) await this.askFor(tenantId, [one]);
    }
  }
}
