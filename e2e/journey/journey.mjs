// Brings the whole system up on empty data and checks over the wire what README promises, kills included. One line per check;
// the last line counts them. `npm run journey`; JOURNEY_KEEP=1 keeps the scratch directory, JOURNEY_SCREENSHOT names
// a file for a picture of the page.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkAdapter } from './adapter.mjs';
import { checkAdapterSurfaces } from './adapter-surfaces.mjs';
import { checkAgent } from './agent.mjs';
import { call, check, closeChecks, eventually, expectStatus } from './checks.mjs';
import { checkGateway } from './gateway.mjs';
import { checkJobApi } from './job-api.mjs';
import { checkCredentials, checkMaintenance, checkRestarts, checkWrongStarts } from './lifecycle.mjs';
import { prepareMedia, samplePicture } from './media.mjs';
import { measureInference } from './numbers.mjs';
import { checkNvr, login } from './nvr.mjs';
import { checkPage } from './page.mjs';
import { addressesOf, ownSettings, processesOf, startLauncher, stopLauncher, waitUntilReady } from './system.mjs';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-journey-'));
// Embedded Postgres runs as another user when we are root: it must reach its data.
fs.chmodSync(scratch, 0o755);
const settings = await ownSettings(path.join(scratch, 'data'));
const dataDir = settings.NIGHTJAR_DATA_DIR;
const addresses = addressesOf(settings);
const apiKey = settings.BOOTSTRAP_API_KEY;
const adminPassword = settings.BOOTSTRAP_ADMIN_PASSWORD;
const printed = [];

let launched = startLauncher(settings);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stopLauncher(launched).finally(() => process.exit(130)));

try {
  const secondsToReady = await check('start: first start on empty data is ready within 120 s', () =>
    waitUntilReady(launched, addresses, 120_000),
  );
  if (secondsToReady === undefined) {
    console.log(launched.output.slice(-6_000));
    throw new Error('the system did not start');
  }
  printed.push(`ready ${secondsToReady.toFixed(1)} s after the launcher was started on empty data`);
  await prepareMedia();
  await check('start: one table with each service, its address and state, then how to log in', async () => {
    await eventually('the table', () => launched.output.includes('dashboard') || launched.output.includes('Dashboard'));
    for (const address of Object.values(addresses))
      assert.ok(launched.output.includes(new URL(address).port), `${address} is not in the table:\n${launched.output}`);
  });
  await check('every service answers /livez and /readyz', async () => {
    for (const address of Object.values(addresses))
      for (const route of ['/livez', '/readyz']) expectStatus(await call(address + route), 200);
  });
  await checkCredentials({ dataDir });
  const nvrState = await checkNvr({ nvr: addresses.nvr, adminPassword, scratch });
  await checkMaintenance({ dataDir });
  await checkAdapter({ adapter: addresses.adapter, dataDir });
  await checkAdapterSurfaces({ adapter: addresses.adapter, dataDir });
  await checkPage({ nvr: addresses.nvr, adminPassword, screenshot: process.env.JOURNEY_SCREENSHOT });
  await checkGateway({ gateway: addresses.gateway, dataDir, scratch, apiKey });
  // A token lasts for a quarter of an hour, which what comes before may take.
  const newToken = () => login({ nvr: addresses.nvr, adminPassword });
  await checkJobApi({ gateway: addresses.gateway, scratch, apiKey, nvrToken: await newToken() });
  await checkAgent({ agent: addresses.agent, nvr: addresses.nvr, token: await newToken(), dataDir, scratch });
  printed.push(...(await measureInference({ adapter: addresses.adapter, dataDir })));

  const images = [{ data_base64: fs.readFileSync(samplePicture(1)).toString('base64') }];
  const submitted = expectStatus(
    await call(`${addresses.gateway}/v0.2/request/images`, { method: 'POST', json: { images }, headers: { 'X-API-Key': apiKey } }),
    202,
  );
  const jobLocation = submitted.headers.get('location');
  await eventually(
    'finished',
    async () => (await call(new URL(jobLocation, addresses.gateway), { headers: { 'X-API-Key': apiKey } })).json.status === 'finished',
    { withinMs: 120_000 },
  );
  await checkRestarts({ launched, settings, scratch, apiKey, adminPassword, jobLocation, cameraId: nvrState.camera.id });
  await checkWrongStarts({ scratch });
} catch (error) {
  await check('the journey reaches its end', () => {
    throw error;
  });
} finally {
  if (launched.child.exitCode === null && launched.child.signalCode === null)
    await stopLauncher(launched).catch((error) => console.log(error.message));
  for (const { pid } of processesOf(scratch)) process.kill(pid, 'SIGKILL');
  if (!process.env.JOURNEY_KEEP) fs.rmSync(scratch, { recursive: true, force: true });
  else console.log(`kept ${scratch}`);
}
for (const line of printed) console.log(line);
process.exit(closeChecks());
