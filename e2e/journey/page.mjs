// The page at the NVR's address in a real browser: log in, see the picture with boxes, see events arrive.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { check, skip } from './checks.mjs';

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
    await check('page: a wrong password is told in words', async () => {
      await page.goto(nvr);
      await page.getByLabel(/user/i).fill('admin');
      await page.getByLabel(/password/i).fill('wrong-password');
      await page.getByRole('button', { name: /sign in|log in/i }).click();
      await page.getByRole('alert').waitFor({ timeout: 10_000 });
      problems.length = 0;
    });
    await check('page: after login the live picture has boxes and the event list fills', async () => {
      await page.getByLabel(/password/i).fill(adminPassword);
      await page.getByRole('button', { name: /sign in|log in/i }).click();
      const picture = page.locator('img[data-testid="live-picture"]');
      await picture.waitFor({ timeout: 20_000 });
      await page.waitForFunction(() => (document.querySelector('img[data-testid="live-picture"]')?.naturalWidth ?? 0) > 0, undefined, {
        timeout: 20_000,
      });
      await page.locator('[data-testid="overlay-box"]').first().waitFor({ timeout: 40_000 });
      await page.locator('[data-testid="event-row"]').first().waitFor({ timeout: 60_000 });
      if (screenshot) {
        // The demo shows real people: a picture of the page must not.
        await picture.evaluate((image) => {
          image.style.filter = 'blur(22px)';
        });
        await page.screenshot({ path: screenshot });
      }
      assert.deepEqual(problems, []);
    });
  } finally {
    await browser.close();
  }
}
