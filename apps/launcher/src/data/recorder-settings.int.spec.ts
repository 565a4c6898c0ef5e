import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keepRecorderSettings } from './recorder-settings.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-settings-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('the kept settings of the recorder', () => {
  it('are those that it was started with, read by nobody else, and nothing of the rest of the environment', async () => {
    const settings = {
      DATABASE_URL: 'postgresql://nvr:pa#ss@127.0.0.1:5432/night jar',
      NATS_URL: 'nats://token@127.0.0.1:4222',
      NIGHTJAR_RECORDINGS_DIR: `/srv/Anna's "best" recordings`,
    };
    await keepRecorderSettings(directory, { ...settings, NIGHTJAR_SUPERVISED: '1', HOME: '/root', AWS_SECRET_ACCESS_KEY: 'not ours' });
    const file = path.join(directory, 'recorder.env');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const told = execFileSync(process.execPath, [`--env-file=${file}`, '-p', 'JSON.stringify(process.env)'], { env: {} });
    expect(JSON.parse(told.toString())).toEqual(settings);
  });
});
