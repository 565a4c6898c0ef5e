// A receiver of webhooks on loopback: verifies what comes and writes it into the ledger. Now and then it refuses one, as receivers do.
import { createHmac, timingSafeEqual } from 'node:crypto';
import http from 'node:http';

export const webhookSecret = 'secret-of-the-fault-scripts';
const refusesEvery = 50;

/** @returns its address, the jobs it was called for, and how to close it */
export async function openReceiver(ledger) {
  const heard = new Set();
  const refused = new Set();
  let requests = 0;
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const webhookId = request.headers['webhook-id'];
      // To its sender it has not arrived. Once only: the third attempt comes minutes later.
      if (++requests % refusesEvery === 0 && !refused.has(webhookId)) {
        refused.add(webhookId);
        return response.writeHead(500).end();
      }
      const { job_id: jobId, status } = JSON.parse(body.toString('utf8'));
      ledger.called({ jobId, webhookId, status, isSigned: isSigned(request.headers, body) });
      heard.add(jobId);
      response.writeHead(204).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/hook`, heard, close };
}

function isSigned(headers, body) {
  const expected = Buffer.from(`sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`);
  const given = Buffer.from(String(headers['x-webhook-signature'] ?? ''));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
