import { Inject, Injectable } from '@nestjs/common';
import { CheckedFetch } from '@nightjar/outbound';
import { AppError, type Clock } from '@nightjar/runtime';
import { z } from 'zod';
import type { ApiConfig } from '../config.js';
import { CLOCK, CONFIG } from '../process-parts.js';
import { AdapterPolicy } from './adapter-policy.js';

const askTimeoutMs = 2_000;
const answerBytesMax = 256 * 1024;
const exchangesMax = 64;
/** Whoever asks again before is told the same. */
const remembersMs = 5_000;

const Health = z.object({ status: z.enum(['ok', 'degraded', 'loading', 'error']) });
const Text = z.string().max(200);
const Capabilities = z.object({
  adapter: z.object({ name: Text, version: Text }),
  model: z.object({ name: Text, version: Text, fingerprint: Text.nullish() }),
  tasks_advertised: z.array(Text).max(200).default([]),
});

/** How an adapter is, by its own word; nulls where it does not say. */
export interface AdapterStatus {
  readonly health: 'ok' | 'degraded' | 'loading' | 'error' | 'unreachable';
  /** Times in a row that it did not answer, since this process asks. */
  readonly failures: number;
  readonly capabilities: z.infer<typeof Capabilities> | null;
}

/** Asks adapters how they are, when somebody wants to know. */
@Injectable()
export class AdapterStatuses {
  private readonly client = new CheckedFetch({ policy: new AdapterPolicy(), exchangesMax });
  private readonly known = new Map<string, { askedMs: number; answer: Promise<AdapterStatus> }>();
  private readonly failures = new Map<string, number>();

  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param url of an adapter in the directory: they are a few, so that what is known of them has a bound */
  find(url: string): Promise<AdapterStatus> {
    const known = this.known.get(url);
    const nowMs = this.clock.monotonicMs();
    if (known && nowMs - known.askedMs < remembersMs) return known.answer;
    const answer = this.ask(url);
    this.known.set(url, { askedMs: nowMs, answer });
    return answer;
  }

  private async ask(url: string): Promise<AdapterStatus> {
    const [health, capabilities] = await Promise.all([
      this.read(`${url}/health`, Health).catch(() => undefined),
      this.read(`${url}/capabilities`, Capabilities).catch(() => null),
    ]);
    const failures = health ? 0 : (this.failures.get(url) ?? 0) + 1;
    this.failures.set(url, failures);
    return { health: health?.status ?? 'unreachable', failures, capabilities };
  }

  private async read<Schema extends z.ZodType>(url: string, schema: Schema): Promise<z.infer<Schema>> {
    const bytes = await this.client.get(url, {
      headers: { ...this.config.infer.headers, accept: 'application/json' },
      timeoutMs: askTimeoutMs,
      maxBytes: answerBytesMax,
      room: { unaskedBytes: answerBytesMax, take: () => Promise.resolve() },
      accept: ({ status }) => {
        if (status !== 200) throw new AppError('unavailable', 'the adapter does not say how it is');
      },
    });
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  }
}
