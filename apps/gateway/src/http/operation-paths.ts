import type { MediaType } from '@nightjar/contracts';
import { contractPrefix, operations, type Operation } from './routes.js';

/** Where the operations of the contract stand on the wire: below `prefix`, each at the path that is given or at ours. */
export interface OperationPathsOptions {
  /** `/v0.2`, `/jobs/api`, or empty. */
  prefix: string;
  /** With `{job_id}` where the id of the job stands. */
  paths: Readonly<Partial<Record<Operation, string>>>;
}

interface MovedOperation {
  /** As clients write it, in segments; `{job_id}` stands for any. */
  segments: readonly string[];
  /** As our controllers declare it. */
  route: string;
}

const jobIdOnTheWire = '{job_id}';
const jobIdParameter = ':jobId';
/** No controller declares anything below it: what moved away from a path leaves a 404 there. */
const nowhere = '/-';
/** What a request line may have before its path (RFC 9112 §3.2.2). */
const absoluteForm = /^https?:\/\/[^/?#]*/i;

/**
 * The public documentation names the operations and not their paths, so an installation may put them where its clients expect
 * them. Controllers, policies and limits know our paths only; requests are translated before a route is looked for.
 */
export class OperationPaths {
  private readonly moved: readonly MovedOperation[];
  private readonly isMoved: boolean;

  constructor(private readonly options: OperationPathsOptions) {
    this.moved = (Object.keys(operations) as Operation[]).map((operation) => ({
      segments: this.pathOf(operation).split('/'),
      route: `${contractPrefix}${operations[operation]}`,
    }));
    this.isMoved = options.prefix !== contractPrefix || Object.keys(options.paths).length > 0;
  }

  /** As clients write it, e.g. `/v0.2/results/video/{job_id}`. */
  pathOf(operation: Operation): string {
    const { prefix, paths } = this.options;
    return prefix + (paths[operation] ?? operations[operation].replace(jobIdParameter, jobIdOnTheWire));
  }

  /** Where the result of a job is polled: the `Location` of a submit. */
  resultLocation(mediaType: MediaType, jobId: string): string {
    return this.pathOf(mediaType === 'video' ? 'videoResult' : 'imageResult').replace(jobIdOnTheWire, jobId);
  }

  /** For Fastify's `rewriteUrl`: our path of an operation for its path on the wire. Paths of ours that were moved away are nowhere. */
  readonly rewrite = (url: string): string => {
    if (!this.isMoved) return url;
    const [path = '', ...rest] = url.replace(absoluteForm, '').split(/(?=[?#])/);
    const decoded = decodedPath(path);
    // The router answers for a path that can't be decoded.
    if (decoded === undefined) return url;
    return [this.translate(path, decoded), ...rest].join('');
  };

  private translate(path: string, decoded: string): string {
    const raw = withoutTrailingSlash(path).split('/');
    const segments = withoutTrailingSlash(decoded).split('/');
    const operation = this.moved.find((candidate) => matches(candidate.segments, segments));
    if (operation) return operation.route.replace(jobIdParameter, () => raw[operation.segments.indexOf(jobIdOnTheWire)] ?? '');
    const { prefix } = this.options;
    // Errors keep the contract's form below its prefix, wherever that is.
    if (prefix !== '' && isBelow(decoded, prefix)) return `${contractPrefix}${nowhere}`;
    return isBelow(decoded, contractPrefix) ? nowhere : path;
  }
}

/** As the router does it: a slash that was encoded stays so. */
function decodedPath(path: string): string | undefined {
  try {
    return decodeURI(path);
  } catch {
    return undefined;
  }
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((expected, index) => (expected === jobIdOnTheWire ? segments[index] !== '' : expected === segments[index]))
  );
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}
