// The page at the NVR's address in a real browser: log in, see the picture with boxes, see events arrive, play what was recorded,
// look at the system, add a camera and delete it.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { call, check, expectStatus, skip } from './checks.mjs';
import { checkForms } from './page-forms.mjs';

function findBrowser() {
  const candidates = [
    process.env.CHROMIUM_PATH,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    chromium.executablePath(),
  ];
  return candidates.find((file) => file && fs.existsSync(file));
}

export async function checkPage({ nvr, adminPassword, screenshot }) {
  const executablePath = findBrowser();
  if (!executablePath) return skip('page: login, live picture with boxes, events', 'no Chromium here; CHROMIUM_PATH names one');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const problems = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.exposeFunction('tellViolation', (what) => problems.push(`against the content policy: ${what}`));
    await page.addInitScript(() =>
      document.addEventListener('securitypolicyviolation', (violation) => {
        window.tellViolation(`${violation.violatedDirective} ${violation.blockedURI}`);
      }),
    );
    await check('page: a wrong password is told in words', async () => {
      await page.goto(nvr);
      await page.getByLabel(/user/i).fill('admin');
      await page.getByLabel(/password/i).fill('wrong-password');
      await page.getByRole('button', { name: /sign in|log in/i }).click();
      await page.getByRole('alert').waitFor({ timeout: 90_000 });
      problems.length = 0;
    });
    await check('page: after login the live picture has boxes and the event list fills', async () => {
      await page.getByLabel(/password/i).fill(adminPassword);
      await page.getByRole('button', { name: /sign in|log in/i }).click();
      // Live video where this browser knows the codec, the newest picture elsewhere.
      const picture = page.locator('[data-testid="live-picture"]');
      await picture.waitFor({ timeout: 90_000 });
      await page.waitForFunction(
        () => {
          const shown = document.querySelector('[data-testid="live-picture"]');
          return (shown?.naturalWidth ?? shown?.videoWidth ?? 0) > 0;
        },
        undefined,
        { timeout: 90_000 },
      );
      await page.locator('[data-testid="overlay-box"]').first().waitFor({ timeout: 90_000 });
      await page.locator('[data-testid="event-row"]').first().waitFor({ timeout: 90_000 });
      if (screenshot) {
        // The demo shows real people: a picture of the page must not.
        await page.locator('[data-testid="event-row"] img').first().waitFor({ timeout: 90_000 });
        await page.evaluate(() => {
          for (const shown of document.querySelectorAll('.picture img, .picture video')) shown.style.filter = 'blur(22px)';
          const rows = new CSSStyleSheet();
          rows.replaceSync('.evidence img { filter: blur(5px); }');
          document.adoptedStyleSheets.push(rows);
        });
        await page.screenshot({ path: screenshot });
      }
      assert.deepEqual(problems.splice(0), []);
    });
    await check('page: an event opens in the timeline, and its moment plays', async () => {
      await page.getByRole('link', { name: 'Events', exact: true }).click();
      await page.locator('[data-testid="event-card"] img').first().waitFor({ timeout: 90_000 });
      await page
        .getByRole('button', { name: /Show the picture/ })
        .first()
        .click();
      await page.locator('dialog .evidence-box').waitFor({ timeout: 90_000 });
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'Play' }).last().click();
      await page.locator('[data-testid="time-bar"] .recorded').first().waitFor({ timeout: 90_000 });
      if (!(await page.evaluate(() => MediaSource.isTypeSupported('video/mp4; codecs="avc1.64001f"')))) {
        // A browser without H.264 says so, which its console may say too.
        await page.getByText(/cannot play the video/).waitFor({ timeout: 90_000 });
        problems.length = 0;
        return;
      }
      await page.waitForFunction(
        () => {
          const shown = document.querySelector('[data-testid="recording"]');
          return shown?.videoWidth > 0 && shown.currentTime > 0.5;
        },
        undefined,
        { timeout: 90_000 },
      );
      assert.deepEqual(problems.splice(0), []);
    });
    await check('page: the system tells of its recordings and its models', async () => {
      await page.getByRole('link', { name: 'System', exact: true }).click();
      await page.getByTestId('forecast').waitFor({ timeout: 90_000 });
      await page.getByTestId('adapter-row').filter({ hasText: 'ready' }).first().waitFor({ timeout: 90_000 });
      await page.getByRole('region', { name: 'Recordings of each camera' }).getByRole('link').first().waitFor({ timeout: 90_000 });
      assert.deepEqual(problems.splice(0), []);
    });
    await check('page: a camera is added, stands in the list with what it is, and is deleted', async () => {
      const name = '<b>a gate</b>';
      await page.getByRole('link', { name: 'Cameras', exact: true }).click();
      await page.getByRole('link', { name: 'Add a camera' }).click();
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('RTSP or HTTP address').fill('rtsp://10.255.255.1/none');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      const row = page.locator('[data-testid="camera-row"]').filter({ hasText: name });
      await row.waitFor({ timeout: 90_000 });
      await row.getByRole('button', { name: 'Delete' }).click();
      await row.getByRole('button', { name: /really delete/i }).click();
      await row.waitFor({ state: 'detached', timeout: 90_000 });
      assert.deepEqual(problems.splice(0), []);
    });
    await checkForms(page, { nvr, problems });
    await check('page: a reload goes on with the session, and signing out ends it', async () => {
      await page.getByRole('link', { name: 'Live', exact: true }).click();
      await page.reload();
      await page.locator('[data-testid="live-picture"]').waitFor({ timeout: 90_000 });
      await page.getByRole('button', { name: /sign out|log out/i }).click();
      await page.getByLabel(/password/i).waitFor({ timeout: 90_000 });
      await page.reload();
      await page.getByLabel(/password/i).waitFor({ timeout: 90_000 });
      assert.deepEqual(problems.splice(0), []);
    });
    await check('page: who has a second factor is asked for its code', async () => {
      const { username, password, code } = await makeUserWithSecondFactor(nvr, adminPassword);
      await page.getByLabel(/user/i).fill(username);
      await page.getByLabel(/password/i).fill(password);
      await page.getByRole('button', { name: /sign in|log in/i }).click();
      await page.getByLabel(/code/i).fill(code());
      await page.getByRole('button', { name: /sign in|log in/i }).click();
      await page.getByRole('button', { name: /sign out|log out/i }).waitFor({ timeout: 90_000 });
    });
  } finally {
    await browser.close();
  }
}

/** A viewer with an authenticator. The code of the step before sets it up, so that the one of now is still unused. */
async function makeUserWithSecondFactor(nvr, adminPassword) {
  const [username, password] = ['with-a-code', 'correct horse battery'];
  const api = async (method, route, json, token) =>
    expectStatus(
      await call(`${nvr}/api/v1${route}`, { method, json, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }),
      200,
    ).json;
  const { access_token: admin } = await api('POST', '/auth/login-json', { username: 'admin', password: adminPassword });
  await api('POST', '/users', { username, password }, admin);
  const { access_token: token } = await api('POST', '/auth/login-json', { username, password });
  const { secret } = await api('POST', '/auth/mfa/setup', {}, token);
  await api('POST', '/auth/mfa/verify', { code: totp(secret, -1) }, token);
  return { username, password, code: () => totp(secret, 0) };
}

/** RFC 6238: HMAC-SHA1 over the number of the 30-second step, six digits. */
function totp(secretBase32, stepsFromNow) {
  const bits = [...secretBase32.replace(/=+$/, '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + stepsFromNow));
  const digest = createHmac('sha1', key).update(step).digest();
  const offset = digest.at(-1) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
