// The other side of startPeer: one message in, one message out.

/** @param perform gets each message; what it returns, or the text of its error, is the answer */
export function answerMessages(perform) {
  process.on('message', async (message) => {
    try {
      process.send(await perform(message));
    } catch (error) {
      process.send({ error: error.stack ?? String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
}

/** Runs `perform` until time is up, `concurrency` at a time. @returns how many, how long each took, and this process's CPU time */
export async function runFor({ seconds, concurrency = 1 }, perform) {
  const latenciesMs = [];
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  let next = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < endMs) {
        const begunMs = performance.now();
        await perform(next++);
        latenciesMs.push(performance.now() - begunMs);
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  latenciesMs.sort((a, b) => a - b);
  const quantile = (part) => latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * part))];
  return {
    units: latenciesMs.length,
    seconds: (performance.now() - startedMs) / 1000,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    meanMs: latenciesMs.reduce((sum, ms) => sum + ms, 0) / latenciesMs.length,
    cpuMs: (user + system) / 1000,
  };
}
