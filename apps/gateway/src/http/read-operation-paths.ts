import { SettingsError } from '@nightjar/runtime';
import { OperationPaths, type OperationPathsOptions } from './operation-paths.js';
import { operations, type Operation } from './routes.js';

const wellFormedPath = /^(\/([A-Za-z0-9._~-]+|\{job_id\}))+$/;
/** Routes of our own stand here, whatever the settings say. */
const takenSegments: ReadonlySet<string> = new Set(['v1', 'docs', 'livez', 'readyz', '-']);

/**
 * Reads NIGHTJAR_JOB_API_PREFIX and NIGHTJAR_JOB_API_ROUTES.
 * @param entries `<operation>=<path below the prefix>`; `{job_id}` stands where the id of the job does
 * @throws SettingsError when an operation is unknown or named twice, a path is none, or two operations would share one
 */
export function readOperationPaths(prefix: string, entries: readonly string[]): OperationPathsOptions {
  const given = entries.map(readEntry);
  const repeated = firstRepeated(given.map(([operation]) => operation));
  if (repeated !== undefined) throw wrongRoutes(`${repeated} is named twice`);
  const options = { prefix: prefix.replace(/\/$/, ''), paths: Object.fromEntries(given) };
  refuseCollisions(options);
  return options;
}

function readEntry(entry: string): [Operation, string] {
  const [name = '', path = ''] = entry.split(/=(.*)/s);
  if (!Object.hasOwn(operations, name)) throw wrongRoutes(`${name} is none of ${Object.keys(operations).join(', ')}`);
  const operation = name as Operation;
  if (!wellFormedPath.test(path)) throw wrongRoutes(`the path of ${name} must be segments like /request/video`);
  const idsExpected = operations[operation].includes(':jobId') ? 1 : 0;
  if (path.split('{job_id}').length - 1 !== idsExpected)
    throw wrongRoutes(`the path of ${name} must have {job_id} ${idsExpected === 1 ? 'once' : 'nowhere'}`);
  return [operation, path];
}

function refuseCollisions({ prefix, paths }: OperationPathsOptions): void {
  const onTheWire = new OperationPaths({ prefix, paths });
  const wire = (Object.keys(operations) as Operation[]).map((operation) => onTheWire.pathOf(operation));
  // `/jobs/{job_id}` takes `/jobs/latency` too: one of them could not be reached.
  const shared = wire.find((path, index) => wire.some((other, position) => position < index && overlap(path, other)));
  if (shared !== undefined) throw wrongRoutes(`two operations would stand at ${shared}`);
  const taken = wire.find((path) => takenSegments.has(path.split('/')[1] ?? ''));
  if (taken !== undefined) throw wrongRoutes(`${taken} is where other routes of ours stand`);
}

function overlap(path: string, other: string): boolean {
  const segments = path.split('/');
  const otherSegments = other.split('/');
  return (
    segments.length === otherSegments.length &&
    segments.every((segment, index) => [segment, otherSegments[index]].includes('{job_id}') || segment === otherSegments[index])
  );
}

function firstRepeated(texts: readonly string[]): string | undefined {
  return texts.find((text, index) => texts.indexOf(text) !== index);
}

function wrongRoutes(what: string): SettingsError {
  return new SettingsError(`NIGHTJAR_JOB_API_PREFIX, NIGHTJAR_JOB_API_ROUTES: ${what}`);
}
