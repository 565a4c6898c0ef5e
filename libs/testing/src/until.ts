import { sleep } from '@nightjar/runtime';

const pollMs = 20;
/** For a machine that does much beside the tests: a bound of the promise itself is given by whoever tests it. */
const patienceMs = 60_000;

/**
 * Asks again and again until the condition holds: for what a test can't be told of.
 * @throws with the condition's own text when it does not hold in time
 */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = patienceMs): Promise<void> {
  const endsAtMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endsAtMs) throw new Error(`not within ${timeoutMs} ms: ${condition.toString()}`);
    await sleep(pollMs);
  }
}
