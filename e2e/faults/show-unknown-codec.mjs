// What somebody sees whose browser does not know a camera's codec: its newest picture, and in words why.
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { check, skip } from '../journey/checks.mjs';

const candidates = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome', chromium.executablePath()];

/** @param options.camera name of a camera that sends H.265, and of which an agent has pictures */
export async function showUnknownCodec({ nvr, camera }) {
  const name = `${camera}: a browser without H.265 shows pictures, and says why`;
  const executablePath = candidates.find((file) => file && fs.existsSync(file));
  if (!executablePath) return skip(name, 'no Chromium here; CHROMIUM_PATH names one');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    await page.goto(nvr.url);
    if (await page.evaluate(() => MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L63.90"')))
      return skip(name, 'this browser knows H.265');
    await check(name, async () => {
      await page.getByLabel(/user/i).fill('admin');
      await page.getByLabel(/password/i).fill(nvr.password);
      await page.getByRole('button', { name: /sign in|log in/i }).click();
      const shown = page.getByRole('region', { name: `Live picture of ${camera}` });
      // On the wall of all cameras there is the picture; alone, a camera says why.
      await shown.getByRole('link', { name: camera, exact: true }).click({ timeout: 30_000 });
      await shown.getByText(/does not know the codec of the camera/).waitFor({ timeout: 30_000 });
      await shown.locator('img[data-testid="live-picture"]').waitFor({ timeout: 30_000 });
    });
  } finally {
    await browser.close();
  }
}
