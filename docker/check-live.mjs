// HEALTHCHECK of every image: is the service on this port of the container alive?  node check-live.mjs 8080
const port = process.argv[2];
const answer = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
process.exit(answer?.ok ? 0 : 1);
