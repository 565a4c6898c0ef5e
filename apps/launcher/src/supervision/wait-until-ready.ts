import { deadlineSignal, sleep } from '@nightjar/runtime';

const pollMs = 200;
const answerTimeoutMs = 2_000;

/**
 * Asks `/readyz` at `baseUrl` until it says yes.
 * @throws the signal's reason
 */
export async function waitUntilReady(baseUrl: string, signal: AbortSignal): Promise<void> {
  while (!(await isReady(baseUrl, signal))) await sleep(pollMs, signal);
}

async function isReady(baseUrl: string, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  try {
    const answer = await fetch(`${baseUrl}/readyz`, { signal: deadlineSignal(answerTimeoutMs, signal) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // not listening yet
  }
}
