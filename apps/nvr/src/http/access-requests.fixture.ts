import http from 'node:http';
import type { Headers } from './access-matrix.fixture.js';
import type { AccessSample } from './access-sample.fixture.js';

const answerMs = 20_000;
/** What an endless answer has said after this long is all that is looked at. */
const streamReadMs = 400;
const requestsAtOnce = 8;
const methodsWithBody = ['POST', 'PUT', 'PATCH'];

export interface Answer {
  status: number;
  text: string;
  cacheControl: string;
}

/** Asks a server for samples, and tells which were not answered as they should be. */
export class AccessRequests {
  constructor(
    private readonly url: string,
    /** What stands for a parameter of a route. */
    private readonly ids: Record<string, string>,
  ) {}

  /** @param method instead of the sample's */
  async ask(sample: AccessSample, headers: Headers, method = methodOf(sample)): Promise<Answer> {
    const text = textOf(method, sample);
    return this.send(this.addressOf(sample), {
      method,
      headers: { ...headers, ...(text !== undefined && { 'content-type': 'application/json' }) },
      ...(text !== undefined && { body: text }),
    });
  }

  async send(pathname: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${pathname}`, { signal: AbortSignal.timeout(answerMs), ...init });
    return { status: response.status, cacheControl: response.headers.get('cache-control') ?? '', text: await beginningOf(response) };
  }

  /**
   * Asks with something else for every parameter, and for cameras in a query. It is sent as it stands: fetch would make `/a/%2e%2e` to
   * `/`.
   * @returns the status
   */
  askOdd(sample: AccessSample, headers: Headers, replace: string): Promise<number> {
    const method = methodOf(sample);
    const text = textOf(method, sample);
    const content = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const target = { method, path: this.addressOf(sample, replace), headers: { ...headers, ...content } };
    return new Promise((resolve, reject) => {
      const request = http.request(this.url, { ...target, timeout: answerMs, agent: false }, (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      });
      request.once('timeout', () => request.destroy(new Error('no answer')));
      request.once('error', reject);
      request.end(text);
    });
  }

  /** What is to be said of each of the samples of which something is, some at a time. */
  async findings(samples: readonly AccessSample[], judge: (sample: AccessSample) => Promise<string | undefined>): Promise<string[]> {
    const found: string[] = [];
    const waiting = [...samples];
    const work = async () => {
      for (let sample = waiting.shift(); sample; sample = waiting.shift()) {
        const finding = await judge(sample);
        if (finding !== undefined) found.push(`${sample.route} ${sample.query ?? sample.file ?? ''}: ${finding}`);
      }
    };
    await Promise.all(Array.from({ length: requestsAtOnce }, work));
    return found;
  }

  /** Samples that are not answered with this status. */
  exceptions(samples: readonly AccessSample[], headers: Headers, expected: number): Promise<string[]> {
    return this.findings(samples, async (sample) => {
      const { status } = await this.ask(sample, headers);
      return status === expected ? undefined : String(status);
    });
  }

  private addressOf({ file, query, route }: AccessSample, replace?: string): string {
    const [, url = ''] = route.split(' ');
    const collection = /(events|exports|protections)\/:id/.exec(url)?.[1] ?? '';
    const pathname = url.replace(/:(\w+)/g, (_parameter, name: string) => {
      const id = replace ?? (name === 'file' ? file : this.ids[name === 'id' ? collection : name]);
      if (id === undefined) throw new Error(`${route}: say in the fixture what its ${name} is`);
      return id;
    });
    const asked = replace === undefined ? query : query?.replace(/(camera_id|path)=[^&]*/, `$1=${replace}`);
    return asked === undefined ? pathname : `${pathname}?${asked}`;
  }
}

function methodOf({ route }: AccessSample): string {
  return route.split(' ')[0] ?? '';
}

function textOf(method: string, { body }: AccessSample): string | undefined {
  return body !== undefined && methodsWithBody.includes(method) ? JSON.stringify(body) : undefined;
}

/** What an endless answer has said after a moment, or all of one that ends. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  let text = '';
  const decoder = new TextDecoder();
  const timer = setTimeout(() => void reader.cancel(), streamReadMs);
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value, { stream: true });
  clearTimeout(timer);
  return text;
}
