import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { settings } from '@nightjar/runtime';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const exists = (file) => fs.existsSync(path.join(root, file));
export const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

/** Read by the frame of every process (libs/runtime). */
const universal = new Set(['NIGHTJAR_LOG_LEVEL', 'NIGHTJAR_SUPERVISED']);
/** Of Node and its packages, no settings of ours. */
const foreign = new Set(['NODE_ENV', 'ONNXRUNTIME_NODE_INSTALL', 'UV_THREADPOOL_SIZE']);
/** The migration entry belongs to the launcher and reads no more than the address of the database. */
const migrationEntry = 'apps/launcher/dist/migrate.main.js';

const secretName = /PASSWORD|TOKEN|API_KEY|SECRET|DATABASE_URL|NATS_URL/;
/** Whether the value of a setting must never stand in a file. */
export const isSecret = (name) => secretName.test(name);

/**
 * What is wrong with giving these settings to an app: names that no process knows, and names that this app never reads.
 * @param {{ app: string, names: string[], command?: string[] }} given
 * @returns {string[]}
 */
export function settingProblems({ app, names: given, command = [] }) {
  const names = given.filter((name) => !foreign.has(name));
  const unknown = names.filter((name) => !Object.hasOwn(settings, name)).map((name) => `${name} is no setting`);
  if (command.includes(migrationEntry))
    return [
      ...unknown,
      ...names.filter((name) => name !== 'DATABASE_URL' && !universal.has(name)).map((name) => `${name} is not read by the migrations`),
    ];
  const config = `apps/${app}/src/config.ts`;
  if (!exists(config)) return [...unknown, `${config} is missing`];
  const readHere = new Set(read(config).match(/\b[A-Z][A-Z0-9_]+\b/g));
  const unread = names.filter((name) => Object.hasOwn(settings, name) && !universal.has(name) && !readHere.has(name));
  return [...unknown, ...unread.map((name) => `${name} is not read by ${app}`)];
}

/** What is wrong with a start command: `node apps/x/dist/y.js` must be built from apps/x/src/y.ts. */
export function entryProblems(command) {
  const entries = command.filter((word) => /^apps\/[^/]+\/dist\/.+\.js$/.test(word));
  return entries
    .map((entry) => entry.replace('/dist/', '/src/').replace(/\.js$/, '.ts'))
    .filter((source) => !exists(source))
    .map((source) => `${source} is missing`);
}
