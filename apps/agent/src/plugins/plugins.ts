import path from 'node:path';
import type { Logger } from '@nightjar/runtime';
import type { MonitoringPoint } from './plugin-messages.js';
import { findPlugins, type FoundPlugin } from './plugin-manifest.js';
import { RunningPlugin } from './running-plugin.js';

/** A row of `GET /plugins`. */
export interface PluginView {
  name: string;
  type: 'event' | 'background' | null;
  enabled: boolean;
  version: string | null;
  /** Why it does not run though it should. */
  error: string | null;
  /** Points that it did not get because it was too slow. */
  dropped: number;
}

/** Plugins that come with the agent. */
const shipped: readonly FoundPlugin[] = [
  {
    name: 'request_monitoring',
    version: '1',
    description: 'Writes every monitoring point as a line of JSON',
    type: 'event',
    settings: {},
    moduleUrl: new URL('./request-monitoring.js', import.meta.url).href,
  },
];

interface PluginsOptions {
  /** Where users drop theirs. */
  directory: string;
  /** Below it each plugin has a folder to write to. */
  dataDir: string;
  /** Names of those that run; the others are listed only. */
  active: readonly string[];
  logger: Logger;
  /** For tests: compiled `plugin-thread.js`. */
  threadFile?: URL;
}

/** All plugins that were found when the agent started, and those of them that run. */
export class Plugins {
  private readonly running = new Map<string, RunningPlugin>();
  private found: FoundPlugin[] = [];
  private missing: string[] = [];

  private constructor(private readonly options: PluginsOptions) {}

  /** Never throws for a plugin: what is wrong with one is told by `list` and the log. */
  static async open(options: PluginsOptions): Promise<Plugins> {
    const plugins = new Plugins(options);
    await plugins.start();
    return plugins;
  }

  list(): PluginView[] {
    const rows = this.found.map((plugin): PluginView => {
      const running = this.running.get(plugin.name);
      const error = plugin.problem ?? running?.disabledBecause ?? null;
      return {
        name: plugin.name,
        type: plugin.type ?? null,
        enabled: running !== undefined && error === null,
        version: plugin.problem === undefined ? plugin.version : null,
        error,
        dropped: running?.dropped ?? 0,
      };
    });
    const absent = this.missing.map((name) => ({
      name,
      type: null,
      enabled: false,
      version: null,
      error: 'there is no such plugin',
      dropped: 0,
    }));
    return [...rows, ...absent];
  }

  /** Tells every on-event plugin; never waits for one. */
  publish(point: MonitoringPoint): void {
    for (const plugin of this.running.values()) plugin.offer(point);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((plugin) => plugin.stop()));
  }

  private async start(): Promise<void> {
    const { directory, active, dataDir, logger, threadFile = new URL('./plugin-thread.js', import.meta.url) } = this.options;
    const dropped = await findPlugins(directory);
    const names = new Set(shipped.map(({ name }) => name));
    for (const plugin of dropped) {
      // Two of one name could not be told apart; the first keeps it.
      if (names.has(plugin.name)) this.found.push({ name: plugin.name, type: undefined, problem: 'another plugin has this name' });
      else this.found.push(plugin);
      names.add(plugin.name);
    }
    this.found = [...shipped, ...this.found];
    this.missing = active.filter((name) => !names.has(name));
    for (const name of this.missing) logger.error('there is no such plugin', { plugin: name });
    for (const plugin of this.found) {
      if (plugin.problem !== undefined) logger.error('plugin cannot be used', { plugin: plugin.name, reason: plugin.problem });
      else if (active.includes(plugin.name) && !this.running.has(plugin.name)) {
        const { name, moduleUrl, type, settings } = plugin;
        const data = { moduleUrl, type, settings, dataDir: path.join(dataDir, name) };
        this.running.set(name, new RunningPlugin({ name, threadFile, data, logger }));
      }
    }
  }
}
