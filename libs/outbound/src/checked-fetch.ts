import { lookup as lookupAddresses } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { AppError, deadlineSignal } from '@nightjar/runtime';
import type { AddressPolicy } from './address-policy.js';
import { BoundedBytes } from './bounded-bytes.js';
import { parseRemoteUrl, type RemoteUrl } from './remote-url.js';
import { settledBefore } from './settled-before.js';
import { WorkingTime } from './working-time.js';

const connectTimeoutMs = 5_000;
const responseHeadersMaxBytes = 16 * 1024;
/** Interim answers (103 Early Hints and the like) before the real one. */
const interimAnswersMax = 16;
/** What may come over the wire beyond twice the body: heads, and what was received but not read yet. */
const wireAllowanceBytes = 512 * 1024;
/** Addresses of one name that are tried; all of them are checked. */
const addressesTriedMax = 8;

/** All addresses of a name, as `dns.lookup` gives them. */
export type Lookup = (host: string) => Promise<readonly { address: string; family: number }[]>;

export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface CheckedFetchOptions {
  readonly policy: AddressPolicy;
  /** Exchanges at a time; more are refused. */
  readonly exchangesMax: number;
  readonly lookup?: Lookup;
}

/** What every kind of call says. */
interface Exchange {
  readonly headers: Readonly<Record<string, string>>;
  /** For the whole exchange: the name, the connection, the answer to its last byte. Waiting for room does not count. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Memory for bodies that are read whole. */
interface BodyRoom {
  /** Bodies up to this size are read without asking. */
  readonly unaskedBytes: number;
  /**
   * Asked once for a body that is larger, for what it announced, or else for the largest there may be. Nothing more of it is read
   * meanwhile, and the wait does not count against the exchange's time.
   */
  readonly take: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
}

interface GetCall extends Exchange {
  /** Largest body that is read. */
  readonly maxBytes: number;
  /** Where the memory for it comes from. */
  readonly room: BodyRoom;
  /** Looks at the head of an answer before anything of its body is read, and throws to refuse it. */
  readonly accept: (head: AnswerHead) => void;
}

interface StreamCall extends Exchange {
  /** Looks at the head of an answer before anything of its body is read, and throws to refuse it. */
  readonly accept: (head: AnswerHead) => void;
  /** Takes a piece of the body; the next one is read when it is done. Throws to end the exchange. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
}

interface PostCall extends Exchange {
  readonly body: Uint8Array;
  /** How much of the answer's body is kept; the rest is not read. */
  readonly keepBytes: number;
}

export interface PostAnswer extends AnswerHead {
  /** The beginning of the body. */
  readonly body: Buffer;
}

/**
 * Talks to URLs that somebody else chose, and only where the policy allows. The name is resolved once, every address it has must
 * be allowed, and the connection goes to one of exactly these: a name that changes its mind later changes nothing. Redirects are
 * never followed, compressed answers never taken, connections never reused.
 *
 * All calls throw AppError `invalid_argument` (URL, address, bad HTTP or certificate), `overloaded` (too many at a time),
 * `unavailable`, `deadline_exceeded`; whatever the functions given to them throw; the reason of the signal.
 */
export class CheckedFetch {
  private exchanges = 0;

  constructor(private readonly options: CheckedFetchOptions) {}

  /**
   * Says whether an exchange would be let through now; each looks again. A name that has no address at the moment, or is not
   * found in time, is `unknown`.
   * @throws AppError `invalid_argument` for what is no URL; the reason of the signal
   */
  async check(
    text: string,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<'allowed' | 'refused' | 'unknown'> {
    const { policy, lookup = lookupAll, exchangesMax } = this.options;
    const { host, port } = parseRemoteUrl(text);
    if (!policy.allowsPort(port)) return 'refused';
    if (isIP(host) !== 0) return policy.allowsAddress(host, port) ? 'allowed' : 'refused';
    if (this.exchanges >= exchangesMax) return 'unknown';
    this.exchanges++;
    const found = lookup(host).finally(() => void this.exchanges--);
    try {
      const addresses = await settledBefore(found, deadlineSignal(timeoutMs, signal));
      if (addresses.length === 0) return 'unknown';
      return addresses.every(({ address }) => policy.allowsAddress(address, port)) ? 'allowed' : 'refused';
    } catch {
      signal?.throwIfAborted();
      return 'unknown';
    }
  }

  /** Fetches a body whole. @throws AppError beside the above `invalid_argument` (redirect, compression), `payload_too_large` */
  get(text: string, call: GetCall): Promise<Buffer> {
    return this.exchange(text, { ...call, method: 'GET' }, async (answer, wire) => {
      call.accept({ status: answer.statusCode, headers: answer.headers });
      refuseUnreadable(answer, call.maxBytes);
      return readBody(answer, { ...call, wire });
    });
  }

  /** Fetches a body piece by piece; memory holds one. @returns the head. @throws AppError beside the above as `get` does */
  stream(text: string, call: StreamCall): Promise<AnswerHead> {
    return this.exchange(text, { ...call, method: 'GET' }, async (answer, wire) => {
      const head = { status: answer.statusCode, headers: answer.headers };
      call.accept(head);
      refuseUnreadable(answer, Infinity);
      let sizeBytes = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        sizeBytes += chunk.length;
        refuseSeams(wire, sizeBytes);
        await call.write(chunk);
      }
      return head;
    });
  }

  /** Posts a body; an answer of any status is an answer, also a redirect. */
  post(text: string, call: PostCall): Promise<PostAnswer> {
    return this.exchange(text, { ...call, method: 'POST' }, async (answer) => ({
      status: answer.statusCode,
      headers: answer.headers,
      body: await readBeginning(answer, call.keepBytes),
    }));
  }

  private async exchange<Result>(
    text: string,
    call: Exchange & { method: 'GET' | 'POST'; body?: Uint8Array },
    read: (answer: Answer, wire: Wire) => Promise<Result>,
  ): Promise<Result> {
    const url = parseRemoteUrl(text);
    if (!this.options.policy.allowsPort(url.port)) throw new AppError('invalid_argument', 'this port is not allowed');
    if (this.exchanges >= this.options.exchangesMax) throw overloaded('too many requests to other servers are under way');
    const time = new WorkingTime(call.timeoutMs, call.signal);
    this.exchanges++;
    const addresses = this.checkedAddresses(url);
    try {
      return await talk(url, await settledBefore(addresses, time.signal), { ...call, time, read });
    } catch (error) {
      throw fetchFailure(error, { deadline: time.signal, caller: call.signal });
    } finally {
      time.close();
      // A lookup can't be called off: its place is free when it has really ended.
      const free = () => void this.exchanges--;
      addresses.then(free, free);
    }
  }

  private async checkedAddresses({ host, port }: RemoteUrl): Promise<readonly string[]> {
    const { policy, lookup = lookupAll } = this.options;
    const addresses = isIP(host) === 0 ? (await lookup(host)).map(({ address }) => address) : [host];
    const allowed = addresses.length > 0 && addresses.every((address) => policy.allowsAddress(address, port));
    if (!allowed) throw addressRefused();
    return addresses.slice(0, addressesTriedMax);
  }
}

/** The head of an answer, and its body as it comes. */
interface Answer {
  readonly statusCode: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Readable;
}

/**
 * One request over one connection to one of the addresses. By Node's own client: undici 7 throws out of a socket's event, where
 * nobody can catch it, when a server hangs up while the reader of its answer is behind.
 */
async function talk<Result>(
  { origin, host, port, path }: RemoteUrl,
  addresses: readonly string[],
  call: {
    method: 'GET' | 'POST';
    headers: Readonly<Record<string, string>>;
    body?: Uint8Array;
    time: WorkingTime;
    read: (answer: Answer, wire: Wire) => Promise<Result>;
  },
): Promise<Result> {
  const { method, headers, body, time } = call;
  const client = origin.startsWith('https:') ? https : http;
  const request = client.request({
    host,
    port,
    path,
    method,
    headers: { ...headers, 'accept-encoding': 'identity', ...(body && { 'content-length': body.length }) },
    // A connection of its own, which is closed behind the answer.
    agent: false,
    lookup: lookupOf(addresses),
    maxHeaderSize: responseHeadersMaxBytes,
    signal: time.signal,
  });
  const wire: Wire = { socket: undefined, time };
  const connecting = setTimeout(() => request.destroy(new Error('nobody takes the connection')), connectTimeoutMs);
  try {
    const answered = headOf(request);
    request.once('socket', (socket) => {
      wire.socket = socket;
      socket.once(client === https ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
    });
    request.end(body);
    return await call.read(await answered, wire);
  } finally {
    clearTimeout(connecting);
    request.destroy();
  }
}

/** Waits for the real answer; interim ones can go on for ever, and each costs more to read than to send. */
function headOf(request: http.ClientRequest): Promise<Answer> {
  let interimAnswers = 0;
  const countInterimAnswer = () => {
    if (++interimAnswers > interimAnswersMax) request.destroy(new AppError('invalid_argument', 'the server answers only in the interim'));
  };
  return new Promise((resolve, reject) => {
    request.on('error', reject).on('information', countInterimAnswer);
    // A switch to another protocol ends without an answer and without an error.
    request.once('close', () => reject(new Error('the connection was closed before an answer')));
    request.once('response', (response) => {
      // A body that is thrown away unread tells of its end as an error that nobody waits for.
      response.on('error', () => undefined);
      // By itself the body would only tell that it breaks off, not that it is no HTTP.
      request.on('error', (error) => response.destroy(error));
      resolve({ statusCode: response.statusCode ?? 0, headers: response.headers, body: response });
    });
  });
}

/** A body as a whole. */
async function readBody(
  { body, headers }: Answer,
  { maxBytes, room, wire }: { maxBytes: number; room: BodyRoom; wire: Wire },
): Promise<Buffer> {
  const announced = headers['content-length'];
  const largestBytes = announced === undefined ? maxBytes : Number(announced);
  const bytes = new BoundedBytes({ maxBytes: largestBytes, expectedBytes: Number(announced ?? 0) });
  let asked = false;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (!asked && bytes.length + chunk.length > room.unaskedBytes) {
      asked = true;
      wire.time.pause();
      await room.take(largestBytes, wire.time.signal);
      wire.time.resume();
    }
    bytes.append(chunk);
    refuseSeams(wire, bytes.length);
  }
  return bytes.take();
}

/** As much of a body as is asked for. The head is the answer: a body that breaks off, or drips over the deadline, ends there. */
async function readBeginning({ body }: Answer, keepBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, keepBytes - sizeBytes));
      sizeBytes += chunk.length;
      if (sizeBytes >= keepBytes) break;
    }
  } catch {
    // What was read until then counts.
  }
  return Buffer.concat(chunks);
}

const lookupAll: Lookup = (host) => lookupAddresses(host, { all: true });

const overloaded = (message: string) => new AppError('overloaded', message, { retryAfterMs: 1_000 });

/** One text for a name that does not exist and for one that leads inside: the names of this network are nobody's business. */
const addressRefused = (cause?: unknown) =>
  new AppError('invalid_argument', 'this address is not allowed, or its host is unknown', { cause });

/** The connection of an exchange, once there is one, and the time that it has. */
interface Wire {
  socket: Socket | undefined;
  readonly time: WorkingTime;
}

/** Gives the addresses that were checked, and nothing else; the name stays what TLS and the Host header say. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const checked = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all }, callback) => (all ? callback(null, checked) : callback(null, checked[0]!.address, checked[0]!.family));
}

/** A body in chunks of one byte is six times as long on the wire, and costs a hundred times as much to read. */
function refuseSeams({ socket }: Wire, bodyBytes: number): void {
  if ((socket?.bytesRead ?? 0) > 2 * bodyBytes + wireAllowanceBytes)
    throw new AppError('invalid_argument', "the server's answer comes in too many pieces");
}

function refuseUnreadable({ statusCode, headers }: Answer, maxBytes: number): void {
  if (statusCode >= 300 && statusCode < 400)
    throw new AppError('invalid_argument', 'the server answers with a redirect, which is not followed');
  const encoding = headers['content-encoding'] ?? 'identity';
  if (String(encoding).trim().toLowerCase() !== 'identity')
    throw new AppError('invalid_argument', "the server's answer is compressed (Content-Encoding)");
  if (Number(headers['content-length'] ?? 0) > maxBytes)
    throw new AppError('payload_too_large', `the answer has more than ${maxBytes} bytes`);
}

const unknownHostCodes = ['ENOTFOUND', 'ENODATA'];
const certificateCode = /CERT|^ERR_TLS_|^UNABLE_TO_/;

/** What the caller learns of a failure: never an address, a port that is closed or the system's own words. */
function fetchFailure(error: unknown, { deadline, caller }: { deadline: AbortSignal; caller: AbortSignal | undefined }): unknown {
  if (error instanceof AppError) return error;
  if (caller?.aborted) return caller.reason;
  if (deadline.aborted)
    return new AppError('deadline_exceeded', 'the server did not answer in time', { cause: error, retryAfterMs: 1_000 });
  const code = String((error as { code?: unknown }).code ?? '');
  if (unknownHostCodes.includes(code)) return addressRefused(error);
  if (certificateCode.test(code)) return new AppError('invalid_argument', "the server's certificate is not valid", { cause: error });
  if (code.startsWith('HPE_')) return new AppError('invalid_argument', "the server's answer is not valid HTTP", { cause: error });
  return new AppError('unavailable', 'the server cannot be reached', { cause: error, retryAfterMs: 1_000 });
}
