// The forms of the page in a real browser: what the server finds wrong stands at its field, an analytic is drawn and changed, every
// control has a name, the keyboard is seen, and nothing is wider than a phone.
import assert from 'node:assert/strict';
import { check } from './checks.mjs';

const pages = ['live', 'timeline', 'events', 'cameras', 'cameras?add=1', 'cameras?edit=1', 'cameras?analytics=1', 'system', 'settings'];
const settings = ['rules', 'users', 'roles', 'keys', 'sign-in', 'audit'].map((section) => `settings?section=${section}`);
const phone = { width: 390, height: 844 };
const screen = { width: 1280, height: 800 };

/** For a page on which an administrator is signed in. @param problems what the browser's console said */
export async function checkForms(page, { nvr, problems }) {
  const goTo = async (hash) => {
    await page.goto(`${nvr}/#/${hash}`);
    await page.locator('main').waitFor({ timeout: 90_000 });
  };
  await check('page: a camera is tested with its saved settings; what is wrong with a change is said at its field', async () => {
    await goTo('cameras?edit=1');
    await page.getByRole('button', { name: 'Test the connection' }).click();
    await page.getByText(/It works: h264/).waitFor({ timeout: 90_000 });
    const address = page.getByLabel('RTSP or HTTP address');
    await address.fill('rtsp://192.0.2.1/other');
    await page.getByRole('button', { name: 'Test the connection' }).click();
    await page.locator('label', { hasText: 'RTSP or HTTP address' }).getByText('is not in a camera network').waitFor({ timeout: 90_000 });
    assert.equal(await address.getAttribute('aria-invalid'), 'true');
    await page.getByLabel('Encryption').selectOption('rtsps_required');
    await address.fill('rtsp://10.255.255.1/other');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.locator('label', { hasText: 'RTSP or HTTP address' }).getByText('must begin with rtsps://').waitFor({ timeout: 90_000 });
    await page.getByRole('button', { name: 'Cancel' }).click();
    // A refusal is an error to the browser's console.
    problems.length = 0;
  });
  await check('page: an analytic is drawn, with its hours, then changed and removed', async () => {
    await goTo('cameras?analytics=1');
    const board = page.getByTestId('drawing-board');
    await board.waitFor({ timeout: 90_000 });
    await page.locator('.drawing-board img').waitFor({ timeout: 90_000 });
    const { height, width, x, y } = await board.boundingBox();
    for (const [left, top] of [
      [0.1, 0.2],
      [0.8, 0.2],
      [0.8, 0.9],
    ])
      await page.mouse.click(x + left * width, y + top * height);
    await page.getByLabel('Name of the zone').fill('terrace');
    await page.getByLabel('only at certain hours').check();
    await page.getByLabel('Time zone').selectOption('Europe/Berlin');
    await page.getByLabel('sun', { exact: true }).uncheck();
    await page.getByRole('button', { name: 'Save this analytic' }).click();
    await page.getByRole('button', { name: 'Change intrusion terrace' }).click({ timeout: 90_000 });
    assert.equal(await page.getByLabel('sun', { exact: true }).isChecked(), false);
    await page.getByLabel('Name of the zone').fill('yard');
    await page.getByLabel('Seconds inside before it counts').fill('7');
    await page.getByRole('button', { name: 'Save the change' }).click();
    await page.getByRole('button', { name: 'Change intrusion yard' }).click({ timeout: 90_000 });
    assert.equal(await page.getByLabel('Seconds inside before it counts').inputValue(), '7');
    assert.equal(await page.getByLabel('Time zone').inputValue(), 'Europe/Berlin');
    await page.getByRole('button', { name: 'Leave it as it was' }).click();
    await page.getByRole('button', { name: 'Remove intrusion yard' }).click();
    await page.getByTestId('analytic-row').waitFor({ state: 'detached', timeout: 90_000 });
    assert.deepEqual(problems.splice(0), []);
  });
  await check('page: every control has a name and every picture a text, and no page is wider than a phone', async () => {
    const found = [];
    for (const size of [phone, screen]) {
      await page.setViewportSize(size);
      for (const hash of [...pages, ...settings]) {
        await goTo(hash);
        await page.waitForTimeout(300);
        found.push(...(await page.evaluate(findFlaws)).map((flaw) => `${hash} at ${size.width}: ${flaw}`));
      }
    }
    assert.deepEqual(found, []);
    assert.deepEqual(problems.splice(0), []);
  });
  await check('page: who uses the keyboard sees where he is', async () => {
    await goTo('cameras?add=1');
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
      assert.notEqual(outline, 'none', `after ${step + 1} steps`);
    }
  });
}

/** Runs in the browser. */
function findFlaws() {
  const start = (element) => element.outerHTML.slice(0, 120);
  const isNamed = (element) => element.getAttribute('aria-label') || element.getAttribute('aria-labelledby');
  const all = (selector) => [...document.querySelectorAll(selector)];
  const ids = all('[id]').map(({ id }) => id);
  const levels = all('h1, h2, h3, h4').map(({ tagName }) => Number(tagName[1]));
  return [
    ...all('input, select, textarea')
      .filter((field) => !field.labels?.length && !isNamed(field))
      .map((field) => `no label: ${start(field)}`),
    ...all('button, a[href]')
      .filter((control) => control.textContent.trim() === '' && !isNamed(control))
      .map((control) => `no name: ${start(control)}`),
    ...all('img:not([alt])').map((picture) => `no text: ${start(picture)}`),
    ...ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `id twice: ${id}`),
    ...levels.flatMap((level, place) =>
      place > 0 && level > levels[place - 1] + 1 ? [`heading ${level} below ${levels[place - 1]}`] : [],
    ),
    ...(all('main').length === 1 ? [] : [`${all('main').length} main parts`]),
    ...(document.documentElement.scrollWidth > innerWidth + 1 ? [`${document.documentElement.scrollWidth} pixels wide`] : []),
  ];
}
