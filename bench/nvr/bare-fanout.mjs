// What anybody would write: Server-Sent Events over node:http, a filter by camera for each client, an event serialised once.
// Events come as messages of the parent, `{cameraId, data}`.
import http from 'node:http';

const clients = new Set();
let seq = 0;
const server = http.createServer((request, response) => {
  const cameraIds = new Set(new URL(request.url, 'http://bare').searchParams.getAll('camera_id').map(Number));
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  const client = { cameraIds, response };
  clients.add(client);
  response.on('close', () => clients.delete(client));
});
process.on('message', ({ cameraId, data }) => {
  const text = `id: ${++seq}\nevent: notification\ndata: ${JSON.stringify(data)}\n\n`;
  for (const client of clients) if (client.cameraIds.has(cameraId)) client.response.write(text);
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
