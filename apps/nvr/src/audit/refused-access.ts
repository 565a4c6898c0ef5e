import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Clock, Logger } from '@nightjar/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CLOCK, LOGGER } from '../process-parts.js';
import { actorOf, systemActor, type Actor } from './actor.js';
import { AuditLog } from './audit-log.js';

/** Somebody who goes on asking for one route gets a row no more often than this, with how many there were since the last. */
const rowEveryMs = 60_000;
const sweepEveryMs = 10_000;
/** Pairs of who asks and for which route. Full: what comes more is counted together, in one row a minute that names nobody. */
const pairsMax = 1_000;
/** Key of that row; those of pairs have a blank. */
const others = 'others';

/** Refused requests that belong into one row. */
interface Refusals {
  /** Of the newest one. */
  actor: Actor;
  /** Method and pattern; absent: of many. */
  route?: string;
  /** What the newest one asked for, without its query, which may hold a ticket. */
  path?: string;
  /** How many no row tells of yet. */
  count: number;
  dueAtMs: number;
}

/**
 * Writes down who was refused with 403: whoever looks for what they may not have shows in the audit log. After the answer, so no
 * request waits for it or fails by it; what is counted and not written when the process is killed is lost.
 */
@Injectable()
export class RefusedAccess implements OnModuleInit, OnModuleDestroy {
  private readonly refusals = new Map<string, Refusals>();
  private sweeper: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private isStopping = false;

  constructor(
    @Inject(AuditLog) private readonly audit: Pick<AuditLog, 'record'>,
    private readonly host: HttpAdapterHost,
    @Inject(CLOCK) private readonly clock: Pick<Clock, 'monotonicMs'>,
    @Inject(LOGGER) private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  /** Every answer passes here, whoever refused: the policy of the route, the second factor, a service. */
  onModuleInit(): void {
    this.host.httpAdapter.getInstance<FastifyInstance>().addHook('onResponse', (request, reply, done) => {
      if (reply.statusCode === 403 && request.principal) this.note(request);
      done();
    });
    this.sweeper = setInterval(() => void this.writeDue(), sweepEveryMs).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.sweeper);
    await this.writing;
    for (const refusals of this.refusals.values()) refusals.dueAtMs = 0;
    await this.writeDue();
    this.isStopping = true;
  }

  /** Counts a request that was refused; the first of its pair is written at once, the others together when their time has come. */
  note(request: FastifyRequest): void {
    const actor = actorOf(request);
    const route = `${request.method} ${request.routeOptions.url}`;
    const key = `${actor.userId ?? actor.name} ${route}`;
    const isOneTooMany = !this.refusals.has(key) && this.refusals.size >= pairsMax;
    const newest = isOneTooMany ? { actor: systemActor } : { actor, route, path: request.originalUrl.replace(/\?.*/s, '') };
    const known = this.refusals.get(isOneTooMany ? others : key);
    if (known) Object.assign(known, newest).count++;
    else this.refusals.set(isOneTooMany ? others : key, { ...newest, count: 1, dueAtMs: this.clock.monotonicMs() });
    if (!known) void this.writeDue();
  }

  /** Rows whose time has come, one after the other. Never rejects. */
  writeDue(): Promise<void> {
    if (this.isStopping) return Promise.resolve();
    this.writing ??= this.writeAllDue().finally(() => (this.writing = undefined));
    return this.writing;
  }

  private async writeAllDue(): Promise<void> {
    for (const [key, refusals] of this.refusals) {
      if (refusals.dueAtMs > this.clock.monotonicMs()) continue;
      if (refusals.count === 0) this.refusals.delete(key);
      else if (!(await this.write(refusals))) return;
    }
  }

  /** @returns false when it cannot be written now: it stays counted, and the next sweep tries again */
  private async write(refusals: Refusals): Promise<boolean> {
    const { actor, count, path, route } = refusals;
    const entity = { entityType: 'route', ...(route !== undefined && { entityId: route }) } as const;
    try {
      await this.audit.record(actor, { action: 'access.refused', ...entity, details: { path, refused: count } });
    } catch (error) {
      this.logger.warn('refused requests cannot be written to the audit log, it is tried again', { error });
      return false;
    }
    refusals.count -= count;
    refusals.dueAtMs = this.clock.monotonicMs() + rowEveryMs;
    return true;
  }
}
