import type { PostAnswer } from '@nightjar/outbound';
import { jsonOrUndefined } from '@nightjar/runtime';

/** What an adapter said, for the caller to have as it is; or what kept it from saying anything. */
export interface InferAnswer {
  readonly status: number;
  /** JSON of a 200 as it came, `{"detail": …}` of everything else. */
  readonly body: Buffer | { readonly detail: unknown };
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers of an adapter that mean something to its caller. */
const passedHeaders = { 'x-model-fingerprint': 'X-Model-Fingerprint', 'retry-after': 'Retry-After' } as const;

/** 502: nobody there, or nobody who speaks the contract. */
export function noAdapter(detail = 'the adapter cannot be reached'): InferAnswer {
  return { status: 502, body: { detail }, headers: { 'Retry-After': '2' } };
}

/**
 * What becomes of an adapter's answer: a 200 goes on as it came, a failure with its status as `{"detail": <the adapter's body>}`. A
 * 401 is ours: the credential that the adapter refuses is the NVR's, not the caller's.
 */
export function readAnswer({ status, headers, body }: PostAnswer, bytesMax: number): InferAnswer {
  if (status === 401) return noAdapter("the adapter refuses the NVR's credential");
  if (body.length > bytesMax) return noAdapter('the answer of the adapter is too large');
  const content = jsonOrUndefined(body);
  if (content === undefined || status < 200 || (status > 200 && status < 400))
    return noAdapter('what answers there is no adapter (Contract v1)');
  const passed = Object.entries(passedHeaders).flatMap(([name, written]) => {
    const value = headers[name];
    return typeof value === 'string' && /^[\x20-\x7e]{1,256}$/.test(value) ? [[written, value] as const] : [];
  });
  return { status, body: status === 200 ? body : { detail: content }, headers: Object.fromEntries(passed) };
}
