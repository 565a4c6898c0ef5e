// A thousand listeners in a process of their own. Told by the parent `{url, headers, clients, camerasOf}`; asked `{report: true}`, it
// tells latencies from `payload.sent_ms` and, of each client, the ids in the order in which they came.
import http from 'node:http';

const agent = new http.Agent({ maxSockets: Infinity });
const received = [];
const latencies = [];

/** A machine that is busy says 503 with `Retry-After`; a client comes again. */
async function open(url, headers, index) {
  for (let attempt = 1; ; attempt++) {
    const status = await tryToOpen(url, headers, index);
    if (status === 200) return;
    if (status !== 503 || attempt === 20) throw new Error(`status ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

function tryToOpen(url, headers, index) {
  const ids = (received[index] = []);
  return new Promise((resolve, reject) => {
    const request = http.get(url, { headers, agent }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        return resolve(response.statusCode);
      }
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        const messages = (rest + chunk).split('\n\n');
        rest = messages.pop();
        const nowMs = Date.now();
        for (const message of messages) {
          const [, sent] = /"sent_ms":(\d+)/.exec(message) ?? [];
          if (sent === undefined) continue;
          latencies.push(nowMs - Number(sent));
          ids.push(/"number":(\d+)/.exec(message)[1]);
        }
      });
      resolve(200);
    });
    request.on('error', reject);
  });
}

process.on('message', async ({ clients, headers, report, urls }) => {
  if (report) {
    process.send({ latencies, received: received.map((ids) => ids.map(Number)) });
    return;
  }
  for (let first = 0; first < clients; first += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, clients - first) }, (_, index) =>
        open(urls[(first + index) % urls.length], headers, first + index),
      ),
    );
  process.send({ ready: true });
});
