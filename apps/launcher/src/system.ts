import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ensureDemoClip, findFreePort } from '@nightjar/embedded';
import { AppError, deadlineSignal, systemClock } from '@nightjar/runtime';
import type { LauncherConfig } from './config.js';
import { ensureCredentials, type StoredCredentials } from './data/credentials.js';
import { prepareDataDirectory } from './data/data-directory.js';
import { lockDataDirectory, type InstanceLock } from './data/instance-lock.js';
import { keepRecorderSettings } from './data/recorder-settings.js';
import { demoCameraName, demoCameraUrl, startDemoCameraProcess } from './demo/demo-camera.js';
import { seedDemoFrames } from './demo/demo-frames.js';
import { obtainFfmpeg } from './ffmpeg/obtain-ffmpeg.js';
import { bringUpBus, type BusLinks } from './parts/bus-part.js';
import { claimPorts } from './parts/claim-ports.js';
import { bringUpDatabase, type DatabaseLinks } from './parts/database-part.js';
import { assertBuilt, describeServices, type ServiceDefinition, type ServiceName } from './parts/services.js';
import { startTogether } from './start-together.js';
import { LogFile } from './supervision/log-file.js';
import { startServiceProcess } from './supervision/service-process.js';
import { Supervisor, type PartState } from './supervision/supervisor.js';
import { waitUntilReady } from './supervision/wait-until-ready.js';
import { renderTable, type Terminal } from './terminal/terminal.js';

const startTimeoutMs = 180_000;

/** Who stops after whom; parts of one line stop together. Whoever asks stops before whoever answers. */
const stopOrder: readonly (readonly string[])[] = [
  ['agent'],
  ['recorder', 'gateway'],
  ['nvr'],
  ['adapter', demoCameraName],
  ['bus'],
  ['Postgres'],
];

interface TableRow {
  readonly name: string;
  readonly address: string;
  /** What it is, for parts that can be several things. */
  readonly description?: string;
}

interface ServersOptions {
  readonly ports: Record<ServiceName, number>;
  readonly ffmpegPath: string;
  /** Absent without the demo. */
  readonly demoPort: number | undefined;
  readonly signal: AbortSignal;
}

interface DemoCameraOptions {
  readonly clip: Promise<string>;
  readonly port: number;
  readonly ffmpegPath: string;
  readonly signal: AbortSignal;
}

interface SystemOptions {
  readonly config: LauncherConfig;
  readonly terminal: Terminal;
  /** A part does not stay up. */
  readonly onGivenUp: (reason: AppError) => void;
}

/** Everything that runs on this machine: database, bus, demo camera and services. */
export class System {
  private readonly supervisors = new Map<string, Supervisor>();
  private readonly logs: LogFile[] = [];
  private rows: readonly TableRow[] = [];
  private lock: InstanceLock | undefined;
  private credentials: StoredCredentials | undefined;
  private isUp = false;

  constructor(private readonly options: SystemOptions) {}

  /**
   * Starts everything and resolves when all of it is ready.
   * @throws what a person can act on; whatever was started by then is for `takeDown`
   */
  async bringUp(signal: AbortSignal): Promise<void> {
    const { config, terminal } = this.options;
    assertBuilt();
    await prepareDataDirectory(config.dataDir);
    this.lock = await lockDataDirectory(config.dataDir);
    const ports = await claimPorts(config.listen);
    this.credentials = await ensureCredentials(config.dataDir, config);
    const ffmpeg = await obtainFfmpeg({ configuredPath: config.ffmpegPath, aptRefused: config.aptRefused, terminal, signal });
    terminal.progress('FFmpeg', `${ffmpeg.version}, found by ${ffmpeg.foundBy}`);
    process.umask(0o077); // pictures and recordings are their owner's, also where the data directory can be entered
    await mkdir(this.logsDir, { recursive: true, mode: 0o700 });

    const deadline = deadlineSignal(startTimeoutMs, signal);
    try {
      await this.startParts(ports, ffmpeg.path, deadline);
    } catch (error) {
      if (deadline.aborted && !signal.aborted) throw this.tooSlow();
      throw error;
    }
    this.isUp = true;
  }

  /** Stops everything, in order, and gives the data directory back. */
  async takeDown(): Promise<void> {
    for (const names of stopOrder) {
      const present = names.flatMap((name) => this.supervisors.get(name) ?? []);
      if (present.length > 0) this.options.terminal.progress('stopping', names.filter((name) => this.supervisors.has(name)).join(', '));
      await Promise.all(present.map((supervisor) => supervisor.stop()));
    }
    await Promise.all(this.logs.map((log) => log.close()));
    await this.lock?.release();
  }

  /** Ends everything at once: for the second Ctrl-C. */
  kill(): void {
    for (const supervisor of this.supervisors.values()) supervisor.kill();
  }

  /** The table of what runs, and how to log in. Secrets are shown on the first start only. */
  announce(): void {
    const { config, terminal } = this.options;
    this.printTable();
    const dashboard = this.rows.find(({ name }) => name === 'nvr')?.address;
    terminal.line(`  dashboard   ${dashboard}   (user admin)`);
    if (!this.credentials) return;
    const { credentials, file, areNew } = this.credentials;
    if (areNew) {
      terminal.line(
        `  password    ${config.adminPassword === undefined ? credentials.adminPassword : 'as set by BOOTSTRAP_ADMIN_PASSWORD'}`,
      );
      terminal.line(`  API key     ${config.apiKey === undefined ? credentials.apiKey : 'as set by BOOTSTRAP_API_KEY'}`);
      terminal.line(`  Both are shown this once and kept in ${file}.`);
      if (config.databaseUrl !== undefined) terminal.line('  A database that was used before keeps the password and the keys it has.');
    } else {
      terminal.line(`  password of the first start and API key: ${file}`);
      if (config.adminPassword !== undefined && config.adminPassword !== credentials.adminPassword)
        terminal.line('  BOOTSTRAP_ADMIN_PASSWORD counts on the first start only: change the password in the dashboard.');
    }
    terminal.line(`  logs        ${this.logsDir}`);
    terminal.line();
    terminal.line('Ctrl-C stops everything.');
  }

  private get logsDir(): string {
    return path.join(this.options.config.dataDir, 'logs');
  }

  private async startParts(ports: Record<ServiceName, number>, ffmpegPath: string, signal: AbortSignal): Promise<void> {
    const { config } = this.options;
    const demo = config.demo ? { port: await findFreePort() } : undefined;
    // Rendered while the database is made: the camera is waited for longest on the first start.
    const failed = new AbortController();
    const clip =
      demo &&
      ensureDemoClip({ directory: path.join(config.dataDir, 'demo'), ffmpegPath, signal: AbortSignal.any([signal, failed.signal]) });
    clip?.catch(() => undefined); // whoever awaits it hears of its failure
    try {
      const services = await this.startServers({ ports, ffmpegPath, demoPort: demo?.port, signal });
      // The readers of cameras start when there is something to read; the others meanwhile.
      const readers = services.filter(({ name }) => name === 'recorder' || name === 'agent');
      const others = services.filter((service) => !readers.includes(service));
      await startTogether(signal, [
        ...others.map((service) => (shared: AbortSignal) => this.startService(service, shared)),
        async (shared) => {
          if (demo && clip) await this.startDemoCamera({ clip, port: demo.port, ffmpegPath, signal: shared });
          await startTogether(
            shared,
            readers.map((service) => (inner: AbortSignal) => this.startService(service, inner)),
          );
        },
      ]);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  }

  /** Brings up what the services stand on, and describes them. */
  private async startServers({ ports, ffmpegPath, demoPort, signal }: ServersOptions): Promise<ServiceDefinition[]> {
    const { config } = this.options;
    if (!this.credentials) throw new AppError('internal', 'the credentials come first');
    const { credentials } = this.credentials;
    const links: { database?: DatabaseLinks; bus?: BusLinks } = {};
    await startTogether(signal, [
      async () =>
        void (links.database = await bringUpDatabase({
          ...this.partOptions('Postgres'),
          givenUrl: config.databaseUrl,
          dataDir: config.dataDir,
          credentials,
        })),
      async () => void (links.bus = await bringUpBus({ ...this.partOptions('bus'), config, token: credentials.busToken })),
      async () => (config.demo ? seedDemoFrames(config.framesDir) : undefined),
    ]);
    const { database, bus } = links;
    if (!database || !bus) throw new AppError('internal', 'the database and the bus come first');

    const cameraUrl = demoPort === undefined ? undefined : demoCameraUrl(demoPort);
    const urls = {
      gatewayDatabaseUrl: database.gatewayUrl,
      nvrDatabaseUrl: database.nvrUrl,
      natsUrl: bus.natsUrl,
      demoCameraUrl: cameraUrl,
    };
    const services = describeServices(config, credentials, { ...urls, ports, ffmpegPath });
    const recorder = services.find(({ name }) => name === 'recorder');
    if (recorder) await keepRecorderSettings(config.dataDir, recorder.environment);
    this.rows = [
      { name: 'Postgres', address: database.address, description: database.description },
      { name: 'bus', address: bus.address, description: bus.description },
      ...(cameraUrl === undefined ? [] : [{ name: demoCameraName, address: cameraUrl }]),
      ...services.map(({ name, address, description }) => ({ name, address, ...(description === undefined ? {} : { description }) })),
    ];
    return services;
  }

  /** What every part is brought up with. */
  private partOptions(name: string) {
    return {
      terminal: this.options.terminal,
      clock: systemClock,
      supervise: (supervisor: Supervisor) => void this.supervisors.set(name, supervisor),
      onState: (state: PartState) => this.onState(name, state),
    };
  }

  private startService({ name, entry, environment, probeUrl }: ServiceDefinition, signal: AbortSignal): Promise<void> {
    const log = this.openLog(name);
    const { clock, supervise, onState } = this.partOptions(name);
    const supervisor = new Supervisor({
      name,
      clock,
      onState,
      start: () => startServiceProcess({ name, entry, environment, log }),
      untilReady: (life) => waitUntilReady(probeUrl, life),
    });
    supervise(supervisor);
    this.options.terminal.progress(name, 'starting');
    return unlessAborted(supervisor.start(), signal);
  }

  private async startDemoCamera({ clip, port, ffmpegPath, signal }: DemoCameraOptions): Promise<void> {
    const { config, terminal } = this.options;
    terminal.progress(demoCameraName, 'preparing its clip (made once, from pictures with people)');
    const file = await clip;
    const log = this.openLog('demo-camera');
    const { clock, supervise, onState } = this.partOptions(demoCameraName);
    const environment = { ...config.inherited, NIGHTJAR_DATA_DIR: config.dataDir };
    const supervisor = new Supervisor({
      name: demoCameraName,
      clock,
      onState,
      start: () => startDemoCameraProcess({ clip: file, port, ffmpegPath, environment, log }),
    });
    supervise(supervisor);
    await unlessAborted(supervisor.start(), signal);
  }

  private onState(name: string, state: PartState): void {
    const { terminal } = this.options;
    if (state.kind === 'ready') terminal.progress(name, this.supervisors.get(name)?.restarts ? 'ready again' : 'ready');
    if (state.kind === 'restarting') terminal.progress(name, `${state.reason}; starting again in ${state.delayMs / 1000} s`);
    if (!this.isUp) return;
    if (state.kind === 'given up')
      this.options.onGivenUp(new AppError('unavailable', `${name} does not stay up: ${state.reason}; see ${this.logsDir}`));
    const isSettled = [...this.supervisors.values()].every((supervisor) => supervisor.state.kind === 'ready');
    if (state.kind === 'ready' && isSettled) this.printTable();
  }

  private printTable(): void {
    const { terminal } = this.options;
    const rows = this.rows.map(({ name, address, description }) => [name, address, this.describeState(name, description)]);
    terminal.line();
    terminal.line(renderTable(['service', 'address', 'state'], rows));
    terminal.line();
  }

  /** A part without a supervisor is somebody else's: it answered when we started. */
  private describeState(name: string, description: string | undefined): string {
    const supervisor = this.supervisors.get(name);
    const state = supervisor?.state.kind ?? 'reached';
    const restarts = supervisor?.restarts ? `, restarted ${supervisor.restarts}x` : '';
    return `${state}${restarts}${description === undefined ? '' : `, ${description}`}`;
  }

  private openLog(name: string): LogFile {
    const log = new LogFile(path.join(this.logsDir, `${name}.log`));
    this.logs.push(log);
    return log;
  }

  private tooSlow(): AppError {
    const late = [...this.supervisors.values()].filter(({ state }) => state.kind !== 'ready').map(({ name }) => name);
    return new AppError(
      'deadline_exceeded',
      `not ready within ${startTimeoutMs / 1000} s: ${late.join(', ') || 'the start'}; see ${this.logsDir}`,
    );
  }
}

/** The promise's outcome, or the signal's reason, whichever comes first. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
