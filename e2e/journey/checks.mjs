// The journey's own tiny runner: one line per check, all checks run, the last line counts them.
import assert from 'node:assert/strict';

const results = { passed: 0, failed: 0, skipped: 0 };

/** Runs one check and prints one line. A failed check does not end the journey. @returns what the check returned, undefined when it failed */
export async function check(name, run) {
  const startedMs = performance.now();
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5);
  try {
    const value = await run();
    results.passed++;
    console.log(`ok   ${seconds()} s  ${name}`);
    return value;
  } catch (error) {
    results.failed++;
    const cause = error?.cause ? ` (${error.cause.code ?? error.cause.message})` : '';
    console.log(`FAIL ${seconds()} s  ${name}\n     ${`${error?.message ?? error}${cause}`.split('\n').slice(0, 12).join('\n     ')}`);
    return undefined;
  }
}

/** Says loudly what could not be checked here, and why. */
export function skip(name, reason) {
  results.skipped++;
  console.log(`skip          ${name}: ${reason}`);
}

/** Prints the closing line. @returns the exit code */
export function closeChecks() {
  console.log(`${results.passed} passed, ${results.failed} failed${results.skipped ? `, ${results.skipped} skipped` : ''}`);
  return results.failed === 0 ? 0 : 1;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until `read` gives something truthy. Patient: a machine that does much else pauses. @throws with the last answer or error when time is up */
export async function eventually(what, read, { withinMs = 90_000, everyMs = 200 } = {}) {
  const endMs = performance.now() + withinMs;
  let last;
  while (performance.now() < endMs) {
    try {
      last = await read();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await sleep(everyMs);
  }
  assert.fail(`${what} did not happen within ${withinMs / 1000} s; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}

/** One HTTP call. JSON bodies are parsed. */
export async function call(url, { method = 'GET', headers = {}, json, body } = {}) {
  const response = await fetch(url, {
    method,
    headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: json === undefined ? body : JSON.stringify(json),
    signal: AbortSignal.timeout(120_000),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    json: isJson && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : undefined,
  };
}

/** Fails with the whole answer when the status is another one. */
export function expectStatus(answer, status) {
  assert.equal(answer.status, status, `status ${answer.status} instead of ${status}: ${answer.bytes.toString('utf8').slice(0, 400)}`);
  return answer;
}
