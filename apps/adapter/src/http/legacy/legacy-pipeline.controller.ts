import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FrameResolver } from '../../intake/frame-resolver.js';
import { readFrames } from '../../intake/read-frames.js';
import { TaskCatalogue } from '../../tasks/task-catalogue.js';
import { TaskRunner, type TaskOutcome } from '../../tasks/task-runner.js';
import { AdapterMetrics, type ObservedInference } from '../adapter-metrics.js';
import { signalOfCaller } from '../caller-signal.js';
import { outcomeOf } from '../contract/contract-errors.js';
import { sessionOf } from './infer-request.js';
import { legacyReply } from './legacy-reply.js';
import { parsePipelineRequest } from './pipeline-request.js';

/** For all steps together, waiting included. */
const pipelineTimeoutMs = 60_000;

/**
 * `/pipeline/run`: several tasks on the same pictures, each of which is fetched and decoded once. Every step gets the caller's
 * `data` as it is; within the engine it also has what the steps before found (`previous`), so that a step that needs boxes which
 * an earlier one made does not look for them again.
 */
@Controller()
export class LegacyPipelineController {
  constructor(
    private readonly catalogue: TaskCatalogue,
    private readonly runner: TaskRunner,
    private readonly frames: FrameResolver,
    private readonly metrics: AdapterMetrics,
  ) {}

  @Post('pipeline/run')
  @Policy({ kind: 'authenticated' })
  @HttpCode(200)
  async run(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const signal = signalOfCaller(reply);
    const { steps, data } = parsePipelineRequest(body);
    const tasks = steps.map((step) => this.catalogue.require(step));
    const named = sessionOf(data);
    const fields = [...new Set(tasks.flatMap(({ pictureFields }) => pictureFields))];
    const { pictures, camera } = await readFrames(
      { fields, data, files: new Map() },
      { frames: this.frames, timeoutMs: pipelineTimeoutMs, caller: { signal } },
    );
    const session = named ?? camera;
    const { outcomes, decodes } = await this.runner.run({
      tasks,
      data,
      pictures,
      session,
      turn: session ?? `client:${request.ip}`,
      lane: 'live',
      timeoutMs: pipelineTimeoutMs,
      caller: { signal },
    });
    for (const outcome of outcomes) this.metrics.observe(observationOf(outcome));
    void reply.headers({ 'X-Frame-Decodes': String(decodes), ...fingerprintHeader(outcomes) });
    return { ...pipelineReply(outcomes), decodes, latency_ms: Math.round(reply.elapsedTime) };
  }
}

/** Results by step, each as `/infer` answers it; its `latency_ms` is the time of that step alone. A repeated step replaces its result. */
function pipelineReply(outcomes: readonly TaskOutcome[]): object {
  const results = Object.fromEntries(
    outcomes.flatMap((outcome) => (outcome.ok ? [[outcome.task.name, legacyReply(outcome, outcome.timingsMs.total)]] : [])),
  );
  const failed = outcomes.find((outcome) => !outcome.ok);
  if (!failed) return { status: 'success', results };
  return { status: 'error', failed_at: failed.task.name, error: failed.error.message, partial_results: results };
}

/** A step is an inference like any other. */
function observationOf(outcome: TaskOutcome): ObservedInference {
  const task = outcome.task.name;
  return outcome.ok
    ? { task, outcome: 'ok', seconds: outcome.timingsMs.total / 1_000 }
    : { task, outcome: outcomeOf(outcome.error), seconds: 0 };
}

/** Of all models that answered, each once. */
function fingerprintHeader(outcomes: readonly TaskOutcome[]): Record<string, string> {
  const fingerprints = new Set(outcomes.flatMap((outcome) => (outcome.ok && outcome.model ? [outcome.model.fingerprint] : [])));
  return fingerprints.size === 0 ? {} : { 'X-Model-Fingerprint': [...fingerprints].join(', ') };
}
