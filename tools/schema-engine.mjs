#!/usr/bin/env node
// Stands in for Prisma's native schema engine (PRISMA_SCHEMA_ENGINE_BINARY): its JSON-RPC on stdio, served by the official
// engine as WebAssembly through the official Postgres adapter. Only developers run it (migrate dev, diff, …); migrations are
// applied by libs/database at start.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import * as engineBindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { datamodels: { type: 'string', multiple: true }, datasource: { type: 'string' }, version: { type: 'boolean', short: 'V' } },
});

globalThis.PRISMA_WASM_PANIC_REGISTRY ??= {
  set_message: (message) => process.stderr.write(`${JSON.stringify({ level: 'ERROR', fields: { message } })}\n`),
};
const wasmFile = createRequire(import.meta.url)
  .resolve('@prisma/schema-engine-wasm')
  .replace(/schema_engine\.js$/, 'schema_engine_bg.wasm');
const { instance } = await WebAssembly.instantiate(fs.readFileSync(wasmFile), { './schema_engine_bg.js': engineBindings });
engineBindings.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

// Spelled out: with `connectionString`, pg ignores `database`, and the "shadow" database would be the real one.
function connectionParts(url) {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: decodeURIComponent(hostname),
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

const target = options.datasource ? connectionParts(JSON.parse(options.datasource).url) : undefined;

// Two repairs of the adapter as a driver of migrations: it splits scripts on ';' (which breaks $$ bodies), and it does not
// know catalog columns of type "char" (OID 18), which introspection reads.
function repairAdapter(adapter) {
  const pool = adapter.underlyingDriver();
  const query = pool.query.bind(pool);
  const queryRaw = adapter.queryRaw.bind(adapter);
  let charColumns = [];
  pool.query = async (...args) => {
    const result = await query(...args);
    charColumns = (result?.fields ?? []).flatMap((field, index) => (field.dataTypeID === 18 ? ((field.dataTypeID = 1042), [index]) : []));
    return result;
  };
  adapter.queryRaw = async (statement) => {
    const result = await queryRaw(statement);
    for (const column of charColumns) {
      result.columnTypes[column] = ColumnTypeEnum.Character;
      for (const row of result.rows) if (row[column] === '') row[column] = '\0';
    }
    return result;
  };
  adapter.executeScript = async (sql) => void (await query(sql));
  return adapter;
}

class RepairedFactory extends PrismaPg {
  async connect() {
    return repairAdapter(await super.connect());
  }

  // The adapter drops the shadow database before it disconnects from it.
  async connectToShadowDb() {
    const database = `prisma_migrate_shadow_db_${randomUUID()}`;
    const admin = new pg.Client(target);
    await admin.connect();
    await admin.query(`CREATE DATABASE "${database}"`);
    const adapter = repairAdapter(await new PrismaPg({ ...target, database }).connect());
    const disconnect = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      await disconnect();
      await admin.query(`DROP DATABASE "${database}" WITH (FORCE)`);
      await admin.end();
    };
    return adapter;
  }
}

async function answerCommand() {
  const create = positionals.includes('create-database');
  const client = new pg.Client(create ? { ...target, database: 'postgres' } : target);
  try {
    await client.connect();
    if (create) await client.query(`CREATE DATABASE "${target.database.replaceAll('"', '""')}"`);
    await client.end();
    process.exit(0);
  } catch (error) {
    // The CLI drops the first line of stderr, then looks for this shape.
    const code = { '3D000': 'P1003', ECONNREFUSED: 'P1001', '28P01': 'P1000', '42P04': 'P1009' }[error.code] ?? 'P1010';
    const line = { level: 'ERROR', target: 'schema_engine::logger', fields: { message: error.message, error_code: code } };
    process.stderr.write(`{"level":"INFO","fields":{"message":"wasm"}}\n${JSON.stringify(line)}`);
    process.exit(1);
  }
}

let engine;
let factory;
async function startEngine() {
  factory ??= bindMigrationAwareSqlAdapterFactory(new RepairedFactory(target));
  const datamodels = options.datamodels?.map((file) => [file, fs.readFileSync(file, 'utf8')]);
  engine ??= await engineBindings.SchemaEngine.new({ datamodels }, () => {}, factory);
  return engine;
}

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

async function answerCall({ id, method, params }) {
  // A message without method acknowledges our own `print`.
  if (!method) return;
  try {
    const started = await startEngine();
    const result = await started[method === 'getDatabaseVersion' ? 'version' : method](params ?? {});
    if (method === 'diff' && result?.stdout) send({ id: `print-${id}`, method: 'print', params: { content: result.stdout } });
    send({ id, result: result ?? {} });
  } catch (error) {
    const external = /External error id#(\d+)/.exec(error.message ?? '')?.[1];
    const cause = external === undefined ? error : factory.errorRegistry.consumeError(Number(external))?.error;
    const message = String(cause?.message ?? cause?.cause?.message ?? cause).split(/\n\s+0: /)[0];
    send({ id, error: { code: 4466, message: 'schema engine error', data: { is_panic: false, message, error_code: error.code } } });
  }
}

if (options.version) {
  console.log(`schema-engine-cli ${engineBindings.version()}`);
  process.exit(0);
}
if (positionals[0] === 'cli') await answerCommand();

let calls = Promise.resolve();
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => (calls = calls.then(() => answerCall(JSON.parse(line)))))
  .on('close', () => void calls.then(() => process.exit(0)));
