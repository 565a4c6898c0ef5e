import type { AdapterHttp } from '../adapter-http.js';
import { oipBody, readOipAnswer, type OipAnswerFields } from './oip-bodies.fixture.js';

interface OipReply<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

interface OipInferReply extends OipReply<OipAnswerFields & { readonly error?: string }> {
  /** Binary data by output. */
  readonly binary: ReadonlyMap<string, Buffer>;
}

/** The metadata of a model. */
export interface OipMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly OipTensorMetadata[];
  readonly outputs: readonly OipTensorMetadata[];
  readonly parameters: Readonly<Record<string, string>>;
}

interface OipTensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** Speaks the protocol to a server as clients do. */
export class OipClient {
  constructor(
    private readonly http: AdapterHttp,
    private readonly credentials: Record<string, string> = {},
  ) {}

  async get<Body = Record<string, unknown>>(path: string): Promise<OipReply<Body>> {
    const response = await fetch(this.http.url + path, { headers: this.credentials });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  }

  /** Sends a body as it is, without a content type unless one is given. */
  async post<Body = Record<string, unknown>>(
    path: string,
    body?: Uint8Array | string,
    headers: Record<string, string> = {},
  ): Promise<OipReply<Body>> {
    const bytes = body === undefined ? null : new Blob([typeof body === 'string' ? body : Uint8Array.from(body)]);
    const response = await fetch(this.http.url + path, { method: 'POST', body: bytes, headers: { ...this.credentials, ...headers } });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  }

  /** @param data binary data of the inputs, in order; none: the request is JSON alone */
  infer(path: string, fields: unknown, ...data: readonly Uint8Array[]): Promise<OipInferReply> {
    const { body, headerBytes } = oipBody(fields, ...data);
    return this.inferBytes(path, body, data.length === 0 ? {} : { 'Inference-Header-Content-Length': String(headerBytes) });
  }

  async inferBytes(path: string, body: Uint8Array, headers: Record<string, string>): Promise<OipInferReply> {
    const response = await fetch(`${this.http.url}/v2/models/${path}/infer`, {
      method: 'POST',
      body: new Blob([Uint8Array.from(body)]),
      headers: { ...this.credentials, ...headers },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const { status, headers: answered } = response;
    if (status !== 200)
      return { status, headers: answered, body: JSON.parse(bytes.toString()) as OipInferReply['body'], binary: new Map() };
    const header = answered.get('inference-header-content-length');
    const { fields, binary } = readOipAnswer(bytes, header === null ? undefined : Number(header));
    return { status, headers: answered, body: fields, binary };
  }
}
