import http from 'node:http';
import type { Headers } from './access-matrix.fixture.js';
import type { AccessSample } from './access-sample.fixture.js';

const answerMs = 60_000;
/** What an endless answer has said after this long is all that is looked at, where nothing else is waited for. */
const streamReadMs = 400;
const endlessTypes = /^(text\/event-stream|multipart\/x-mixed-replace)/;
const requestsAtOnce = 8;
const methodsWithBody = ['POST', 'PUT', 'PATCH'];

interface Answer {
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

  /**
   * @param options.method instead of the sample's
   * @param options.wanted an endless answer is read until it has said this
   */
  async ask(sample: AccessSample, headers: Headers, options: { method?: string; wanted?: string | undefined } = {}): Promise<Answer> {
    const { method = methodOf(sample), wanted } = options;
    const text = textOf(method, sample);
    const init = {
      method,
      headers: { ...headers, ...(text !== undefined && { 'content-type': 'application/json' }) },
      ...(text !== undefined && { body: text }),
    };
    return this.send(this.addressOf(sample), init, wanted);
  }

  async send(pathname: string, init: RequestInit = {}, wanted?: string): Promise<Answer> {
    const response = await fetch(`${this.url}${pathname}`, { signal: AbortSignal.timeout(answerMs), ...init });
    const isEndless = endlessTypes.test(response.headers.get('content-type') ?? '');
    const text = isEndless ? await beginningOf(response, wanted) : await response.text();
    return { status: response.status, cacheControl: response.headers.get('cache-control') ?? '', text };
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

/** What an endless answer has said after a moment, or up to what is wanted, however long that takes. */
async function beginningOf(response: Response, wanted: string | undefined): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  let text = '';
  const decoder = new TextDecoder();
  const timer = wanted === undefined ? setTimeout(() => void reader.cancel(), streamReadMs) : undefined;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (wanted !== undefined && text.includes(wanted)) break;
  }
  clearTimeout(timer);
  await reader.cancel();
  return text;
}
