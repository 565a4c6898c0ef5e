// Runs in a thread of its own: loads one plugin and calls it. Whatever it does wrong ends this thread and nothing else.
import { mkdir } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { MonitoringPoint, PluginNotice, PluginOrder, PluginThreadData } from './plugin-messages.js';

/** What a plugin's module may export; `onEvent` of type `event`, `run` of type `background`. */
interface PluginModule {
  onEvent?: (point: MonitoringPoint, context: PluginContext) => unknown;
  run?: (context: PluginContext) => unknown;
}

interface PluginContext {
  settings: Readonly<Record<string, unknown>>;
  dataDir: string;
  /** Aborts when the agent stops. */
  signal: AbortSignal;
  log: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
}

const reasonCharactersMax = 500;
const tell = (notice: PluginNotice) => parentPort?.postMessage(notice);

async function main({ moduleUrl, type, settings, dataDir }: PluginThreadData): Promise<void> {
  const stopping = new AbortController();
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const context: PluginContext = {
    settings,
    dataDir,
    signal: stopping.signal,
    log: (message, fields = {}) => tell({ kind: 'log', message: String(message), fields }),
  };
  const plugin = (await import(moduleUrl)) as PluginModule;
  const points: MonitoringPoint[] = [];
  let wake = () => undefined as void;
  parentPort?.on('message', (order: PluginOrder) => {
    if (order.kind === 'point') points.push(order.point);
    else stopping.abort();
    wake();
  });
  if (type === 'background') {
    if (!plugin.run) throw new Error('the module exports no function run');
    tell({ kind: 'ready' });
    await plugin.run(context);
    tell({ kind: 'ended' });
  } else {
    if (!plugin.onEvent) throw new Error('the module exports no function onEvent');
    tell({ kind: 'ready' });
    // One after the other, so that a plugin needs no locks. What waits is bounded by the sender.
    for (;;) {
      const point = points.shift();
      if (point) {
        await plugin.onEvent(point, context);
        tell({ kind: 'done' });
      } else if (stopping.signal.aborted) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  parentPort?.close();
}

main(workerData as PluginThreadData).catch((error: unknown) => {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  tell({ kind: 'failed', reason: reason.slice(0, reasonCharactersMax) });
  parentPort?.close();
});
