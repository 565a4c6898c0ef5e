// The least that a Fastify server can do for a submit: one INSERT and 202. With `file` it also makes the body's bytes durable, in the
// plainest way there is.
import { randomUUID } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import Fastify from 'fastify';
import pg from 'pg';
import { answerMessages } from '../adapter/answer-messages.mjs';

const { DATABASE_URL, FILES_DIR } = process.env;
// As many connections as the gateway has.
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
await pool.query('CREATE SCHEMA IF NOT EXISTS bare');
await pool.query(
  'CREATE TABLE IF NOT EXISTS bare.job (id uuid PRIMARY KEY, body json NOT NULL, created_at timestamptz NOT NULL DEFAULT now())',
);
await mkdir(FILES_DIR, { recursive: true });

const app = Fastify({ bodyLimit: 32 << 20 });
const insert = (id, body) => pool.query('INSERT INTO bare.job (id, body) VALUES ($1, $2)', [id, body]);
app.post('/insert', async (request, reply) => {
  const id = randomUUID();
  await insert(id, request.body);
  return reply.code(202).send({ job_id: id });
});
app.post('/file', async (request, reply) => {
  const id = randomUUID();
  const [{ data_base64: data }] = request.body.images;
  await writeSynced(path.join(FILES_DIR, id), Buffer.from(data, 'base64'));
  await insert(id, {});
  return reply.code(202).send({ job_id: id });
});

async function writeSynced(file, bytes) {
  const handle = await open(file, 'wx');
  await handle.writeFile(bytes);
  await handle.sync();
  await handle.close();
  const directory = await open(FILES_DIR, 'r');
  await directory.sync();
  await directory.close();
}

const url = await app.listen({ host: '127.0.0.1', port: 0 });
answerMessages(async () => ({ url }));
