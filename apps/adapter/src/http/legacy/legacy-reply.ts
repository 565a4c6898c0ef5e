import type { TaskSuccess } from '../../tasks/task-runner.js';

/** What every reply of the legacy surface has beside what the task says. */
export function legacyReply({ task, body, model }: TaskSuccess, latencyMs: number): Record<string, unknown> {
  return {
    task: task.name,
    ...body,
    latency_ms: Math.round(latencyMs),
    bbox_format: task.bboxFormat,
    ...(model && { model_name: model.name, model_version: model.version, model_fingerprint: model.fingerprint }),
    executed_at: Date.now(),
  };
}
