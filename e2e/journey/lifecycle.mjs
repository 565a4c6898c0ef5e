// Starting wrong, stopping, starting again: nothing left behind, nothing lost.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { call, check, eventually, expectStatus, sleep } from './checks.mjs';
import { login, playClip } from './nvr.mjs';
import { addressesOf, ownSettings, processesOf, startLauncher, stopLauncher, waitUntilReady } from './system.mjs';

/** A start that must fail: one clear line, exit code 1, nothing left running. */
async function expectRefusal({ what, settings, says }) {
  await check(`start: ${what} is refused with one clear line`, async () => {
    const launched = startLauncher(settings);
    const how = await Promise.race([launched.exited, sleep(120_000)]);
    assert.ok(how, 'the launcher did not end');
    assert.notEqual(how.code, 0);
    const lines = launched.output.trim().split('\n');
    assert.match(lines.at(-1), says, launched.output);
    assert.ok(!/\n\s+at .+:\d+:\d+/.test(launched.output), `a stack trace:\n${launched.output}`);
    await eventually('nothing left running', () => processesOf(settings.NIGHTJAR_DATA_DIR).length === 0);
  });
}

export async function checkWrongStarts({ scratch }) {
  const fresh = (name) => ownSettings(path.join(scratch, name));
  await check('start: --help lists the settings', async () => {
    const launched = startLauncher(await fresh('help'), ['--help']);
    assert.equal((await launched.exited).code, 0);
    for (const name of [
      'DATABASE_URL',
      'NATS_URL',
      'FFMPEG_PATH',
      'GATEWAY_PORT',
      'NIGHTJAR_DATA_DIR',
      'NIGHTJAR_DEMO',
      'BOOTSTRAP_ADMIN_PASSWORD',
    ])
      assert.ok(launched.output.includes(name), `${name} is not listed`);
  });
  await expectRefusal({
    what: 'an unknown setting',
    settings: { ...(await fresh('unknown')), NIGHTJAR_DATADIR: '/tmp' },
    says: /NIGHTJAR_DATADIR/,
  });
  await expectRefusal({ what: 'a port that is no number', settings: { ...(await fresh('port')), NVR_PORT: 'many' }, says: /NVR_PORT/ });
  await expectRefusal({
    what: 'a data directory that is a file',
    settings: { ...(await fresh('x')), NIGHTJAR_DATA_DIR: import.meta.filename ?? new URL(import.meta.url).pathname },
    says: /lifecycle\.mjs|NIGHTJAR_DATA_DIR|data dir/i,
  });
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const taken = { ...(await fresh('taken')), GATEWAY_PORT: String(server.address().port) };
  await expectRefusal({ what: 'a taken port', settings: taken, says: new RegExp(taken.GATEWAY_PORT) });
  server.close();
}

/** Ctrl-C, second start on the same data, SIGKILL of the launcher, third start. */
export async function checkRestarts({ launched, settings, scratch, apiKey, adminPassword, jobLocation, cameraId }) {
  const dataDir = settings.NIGHTJAR_DATA_DIR;
  const addresses = addressesOf(settings);
  const whatWas = async () => {
    const token = await login({ nvr: addresses.nvr, adminPassword });
    const headers = { Authorization: `Bearer ${token}` };
    const job = expectStatus(await call(new URL(jobLocation, addresses.gateway), { headers: { 'X-API-Key': apiKey } }), 200).json;
    const clips = expectStatus(
      await call(
        `${addresses.nvr}/api/v1/recordings/${cameraId}?start_unix=${Date.now() / 1000 - 3_600}&end_unix=${Date.now() / 1000 + 60}`,
        { headers },
      ),
      200,
    ).json;
    const events = expectStatus(await call(`${addresses.nvr}/api/v1/events/latest?limit=500`, { headers }), 200).json.events;
    return { headers, job, clips, events };
  };
  const before = await whatWas();

  await check('stop: Ctrl-C ends everything in order, with exit code 0 and no process left', async () => {
    const { code, seconds } = await stopLauncher(launched, 'SIGINT');
    assert.equal(code, 0, launched.output.slice(-1_500));
    assert.ok(seconds < 40, `${seconds} s`);
    await eventually('no process left', () => processesOf(dataDir).length === 0);
  });

  const second = startLauncher(settings);
  await check('start: a second start continues with the same data', async () => {
    const seconds = await waitUntilReady(second, addresses, 120_000);
    console.log(`     ready after ${seconds.toFixed(1)} s`);
    const after = await whatWas();
    assert.deepEqual(after.job, before.job);
    for (const clip of before.clips)
      assert.ok(
        after.clips.some(({ id, end_unix: end }) => id === clip.id && end >= clip.end_unix - 0.001),
        `clip ${clip.id} is gone or shorter`,
      );
    for (const event of before.events)
      assert.ok(
        after.events.some(({ id }) => id === event.id),
        `event ${event.id} is gone`,
      );
    assert.ok(
      after.clips.filter(({ id }) => before.clips.some((clip) => clip.id === id)).every(({ open }) => !open),
      'a clip of the first run is still open',
    );
    await playClip({ nvr: addresses.nvr, headers: after.headers, clip: after.clips[0], scratch });
    assert.ok(!second.output.includes(adminPassword), 'the password is printed again');
  });
  await check('start: a second launcher on the same data is refused', async () => {
    const other = startLauncher({ ...(await ownSettings(dataDir)) });
    const how = await Promise.race([other.exited, sleep(120_000)]);
    // Where the first one did not start there is nothing to refuse it for, and it would run for ever.
    if (!how) await stopLauncher(other);
    assert.ok(how && how.code !== 0, 'it runs');
    assert.match(other.output.trim().split('\n').at(-1), /already|runs/i);
  });
  await check('start: after SIGKILL of the launcher its services end, and the next start works', async () => {
    await stopLauncher(second, 'SIGKILL');
    await eventually('services gone', () => processesOf(dataDir).every(({ command }) => !command.includes('dist/')));
    const third = startLauncher(settings);
    try {
      await waitUntilReady(third, addresses, 120_000);
      assert.deepEqual((await whatWas()).job, before.job);
    } finally {
      await stopLauncher(third);
    }
    await eventually('no process left', () => processesOf(dataDir).length === 0);
  });
  if (second.child.exitCode === null && second.child.signalCode === null) await stopLauncher(second, 'SIGKILL');
}

/** The credentials file is for its owner only. */
export async function checkCredentials({ dataDir }) {
  await check('start: credentials are kept with mode 0600', async () => {
    const file = path.join(dataDir, 'credentials.json');
    assert.equal((fs.statSync(file).mode & 0o777).toString(8), '600');
  });
}

/** As the guides say: while the system runs, with the settings that the launcher keeps. */
export async function checkMaintenance({ dataDir }) {
  const run = (entry) => {
    const file = fileURLToPath(new URL(`../../apps/nvr/dist/${entry}`, import.meta.url));
    const environment = { PATH: process.env.PATH };
    return execFileSync(process.execPath, [`--env-file=${path.join(dataDir, 'recorder.env')}`, file], {
      env: environment,
      timeout: 120_000,
    });
  };
  await check('start: fsck and the check of the audit log run with the settings that are kept', async () => {
    assert.match(run('verify-audit.main.js').toString(), /audit log whole: \d+ entries/);
    // Ends with 0: nothing was wrong.
    assert.match(run('fsck.main.js').toString(), /"filesChecked": ?\d+/);
  });
}
