// Live clients in a process of their own (R24). Told `{ url, token, clients, lifeMs: [from, to] }`, it keeps so many on SSE, each of which
// leaves after a random while and comes back with its last id. `{ token }` is a fresh login; `{ leave: true }` sends all of them away and is
// answered with what they got: the notifications that each saw, in order, since its first.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const agent = new http.Agent({ maxSockets: Infinity });
const clients = [];
let token;
let isOver = false;
let connections = 0;
let refused = 0;

/** One connection. @returns when it has ended, by `cut` or by the server */
function connect(url, client, cut) {
  return new Promise((resolve) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(client.lastId === undefined ? {} : { 'last-event-id': String(client.lastId) }),
    };
    const request = http.get(url, { headers, agent, signal: cut }, (response) => {
      if (response.statusCode !== 200) {
        refused++;
        response.resume();
        return void response.once('close', resolve);
      }
      connections++;
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        const messages = (rest + chunk).split('\n\n');
        rest = messages.pop();
        for (const message of messages) {
          if (!/^event: ?notification$/m.test(message)) continue;
          client.lastId = Number(/^id: ?(\d+)$/m.exec(message)[1]);
          client.ids.push(client.lastId);
        }
      });
      response.once('close', resolve);
      response.on('error', () => undefined);
    });
    request.on('error', resolve);
  });
}

async function live(url, client, [fromMs, toMs]) {
  // They do not all come in one second.
  await sleep(Math.random() * fromMs);
  while (!isOver) {
    client.cut = new AbortController();
    const timer = setTimeout(() => client.cut.abort(), fromMs + Math.random() * (toMs - fromMs));
    await connect(url, client, client.cut.signal);
    clearTimeout(timer);
    await sleep(Math.random() * 1_000);
  }
}

process.on('message', async (message) => {
  token = message.token ?? token;
  if (message.url !== undefined)
    for (let index = 0; index < message.clients; index++) {
      const client = { ids: [], lastId: undefined, cut: undefined };
      clients.push({ client, living: live(message.url, client, message.lifeMs) });
    }
  if (!message.leave) return;
  isOver = true;
  for (const { client } of clients) client.cut?.abort();
  await Promise.all(clients.map(({ living }) => living));
  process.send({ connections, refused, received: clients.map(({ client }) => client.ids) });
});
