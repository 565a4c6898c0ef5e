import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { reportEvent, type EventReport } from '@nightjar/contracts';
import { hasErrorCode, replaceFile, type Logger } from '@nightjar/runtime';
import { z } from 'zod';

/** One file: what was to be reported, and when it was last written. */
const SpooledReport = z.object({ saved_at_unix_ms: z.number(), report: reportEvent.request });

interface EventSpoolOptions {
  directory: string;
  /** Files that are read at a start; more are removed, the oldest first. */
  entriesMax: number;
  wallMs: () => number;
  logger: Logger;
}

/**
 * Events that nvr has not acknowledged, as files: an agent that was killed or stopped reports them when it runs again. One file an
 * event, whole or not there. Where the disk takes nothing that is said once, and events wait in memory alone.
 */
export class EventSpool {
  /** What is to be done next with the file of each event: write, or remove (null). Bounded by the events that wait. */
  private readonly changes = new Map<string, EventReport | null>();
  private writing: Promise<void> | undefined;
  private failed = false;

  constructor(private readonly options: EventSpoolOptions) {}

  /**
   * What former agents left. Its events that were going on ended when they were last heard of: whoever followed them is gone.
   * @returns them by the keys that they were kept under, oldest first
   */
  async load(): Promise<{ key: string; report: EventReport }[]> {
    const { directory, entriesMax, logger } = this.options;
    await mkdir(directory, { recursive: true }).catch((error: unknown) => this.tellFailure(error));
    const files = (await this.entries()).filter((file) => file.endsWith('.json'));
    const found: { file: string; savedAt: number; report: EventReport }[] = [];
    for (const file of files) {
      const entry = await this.read(path.join(directory, file));
      if (entry) found.push({ file, savedAt: entry.saved_at_unix_ms, report: ended(entry) });
      else await this.remove(path.join(directory, file));
    }
    found.sort((a, b) => a.savedAt - b.savedAt);
    const tooMany = found.splice(0, Math.max(0, found.length - entriesMax));
    for (const { file } of tooMany) await this.remove(path.join(directory, file));
    if (tooMany.length > 0) logger.warn('events that waited on disk were dropped: too many', { count: tooMany.length });
    return found.map(({ report }) => ({ key: eventKey(report), report }));
  }

  /** Keeps the newest state of an event. */
  keep(key: string, report: EventReport): void {
    this.change(key, report);
  }

  /** nvr has it, or never will. */
  forget(key: string): void {
    this.change(key, null);
  }

  /** Waits until the disk knows what was said. */
  async settle(): Promise<void> {
    await this.writing;
  }

  private change(key: string, report: EventReport | null): void {
    this.changes.set(key, report);
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
    });
  }

  private async writeAll(): Promise<void> {
    for (let next = this.takeNext(); next; next = this.takeNext()) {
      const file = path.join(this.options.directory, fileOf(next.key));
      if (next.report === null) await this.remove(file);
      else await this.write(file, next.report);
    }
  }

  private takeNext(): { key: string; report: EventReport | null } | undefined {
    for (const [key, report] of this.changes) {
      this.changes.delete(key);
      return { key, report };
    }
    return undefined;
  }

  private async write(file: string, report: EventReport): Promise<void> {
    try {
      await replaceFile(file, JSON.stringify({ saved_at_unix_ms: this.options.wallMs(), report }), { mode: 0o600 });
      this.failed = false;
    } catch (error) {
      this.tellFailure(error);
      // Perhaps somebody removed it: if this fails too, the next write tells the same.
      await mkdir(this.options.directory, { recursive: true }).catch(() => undefined);
    }
  }

  private async remove(file: string): Promise<void> {
    await rm(file, { force: true }).catch((error: unknown) => this.tellFailure(error));
  }

  /** Nothing, and not silently, where the disk does not tell: events that wait there stay for a later start. */
  private async entries(): Promise<string[]> {
    const { directory, logger } = this.options;
    try {
      return await readdir(directory);
    } catch (error) {
      // None was ever kept there.
      if (!hasErrorCode(error, 'ENOENT')) logger.error('events that waited on disk are not reported: they cannot be read', { error });
      return [];
    }
  }

  private async read(file: string): Promise<z.infer<typeof SpooledReport> | undefined> {
    try {
      return SpooledReport.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch (error) {
      this.options.logger.warn('an event that waited on disk cannot be read', { error });
      return undefined;
    }
  }

  /** Said once, not for every event. */
  private tellFailure(error: unknown): void {
    if (!this.failed) this.options.logger.error('events wait in memory alone: the disk does not take them', { error });
    this.failed = true;
  }
}

/** Names an event among those that wait. */
export function eventKey({ camera_id, track_id }: Pick<EventReport, 'camera_id' | 'track_id'>): string {
  return `${camera_id}/${track_id}`;
}

function fileOf(key: string): string {
  return `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`;
}

function ended({ saved_at_unix_ms, report }: z.infer<typeof SpooledReport>): EventReport {
  return { ...report, ended_at_unix_ms: report.ended_at_unix_ms ?? Math.max(saved_at_unix_ms, report.started_at_unix_ms) };
}
