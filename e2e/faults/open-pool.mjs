// An engine pool of the built adapter with a quiet logger, for scripts that hurt it. Needs a build (`npm run build`).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EnginePool } from '../../apps/adapter/dist/engine/engine-pool.js';
import { createLogger, systemClock } from '../../libs/runtime/dist/index.js';
import { samplePictures } from '../../libs/testing/dist/index.js';

/** A ready pool, a photo of persons, and `close`. */
export async function openPool(overrides = {}) {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'nightjar-faults-'));
  const { settings, ...rest } = overrides;
  const pool = new EnginePool({
    entry: new URL('../../apps/adapter/dist/engine/engine-process.js', import.meta.url),
    processes: 1,
    settings: { modelCacheDir: directory, preload: [], logLevel: 'silent', ...settings },
    queueCapacity: 64,
    hangMs: 10_000,
    startTimeoutMs: 120_000,
    clock: systemClock,
    logger: createLogger({ service: 'faults', level: 'silent' }),
    ...rest,
  });
  await pool.start(AbortSignal.timeout(300_000));
  const close = async () => {
    await pool.stop(AbortSignal.timeout(10_000));
    rmSync(directory, { recursive: true, force: true });
  };
  return { pool, photo: readFileSync(samplePictures[0]), close };
}

/** A request that finds objects on a picture with a model. */
export const detection = (picture, overrides = {}) => ({
  work: { steps: [{ task: 'detect_objects', options: { model: overrides.model, minScore: 0.45 } }], pictures: [picture] },
  lane: 'live',
  turn: overrides.turn ?? 'camera_0',
  timeoutMs: overrides.timeoutMs ?? 60_000,
  signal: overrides.signal,
});

/** Numbers given as `--name value`. */
export function numberOf(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

/** A text given as `--name value`. */
export function textOf(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}
