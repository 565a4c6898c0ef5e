import type { FastifyInstance } from 'fastify';

/** Asks one thing that readiness stands on; throws or answers a text when it is not well. Must answer within a second. */
type ReadinessCheck = () => Promise<string | undefined> | string | undefined;

const checkDeadlineMs = 1_000;

/** Live = the loop turns. Ready = all checks pass and the process is not stopping. */
export class Health {
  private readonly checks = new Map<string, ReadinessCheck>();
  private stopping = false;

  addCheck(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** From now on /readyz says no, so that a load balancer sends no more. */
  drain(): void {
    this.stopping = true;
  }

  /** @returns one text per check: `ok` or what is wrong */
  async read(): Promise<{ ready: boolean; checks: Record<string, string> }> {
    const results = await Promise.all([...this.checks].map(async ([name, check]) => [name, await runCheck(check)] as const));
    const checks: Record<string, string> = Object.fromEntries(results);
    if (this.stopping) checks.process = 'stopping';
    return { ready: Object.values(checks).every((result) => result === 'ok'), checks };
  }

  /** Registers `/livez` and `/readyz`; both are public and tell no path, host or user name. */
  register(fastify: FastifyInstance): void {
    const config = { policy: { kind: 'public' } };
    fastify.get('/livez', { config }, () => ({ status: 'ok' }));
    fastify.get('/readyz', { config }, async (_request, reply) => {
      const { ready, checks } = await this.read();
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks });
    });
  }
}

async function runCheck(check: ReadinessCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no answer'), checkDeadlineMs);
  });
  try {
    return (await Promise.race([check(), late])) ?? 'ok';
  } catch (error) {
    return error instanceof Error && error.name === 'AppError' ? error.message : 'failed';
  } finally {
    clearTimeout(timer);
  }
}
