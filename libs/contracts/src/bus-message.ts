import type { z } from 'zod';

/** A question with one answer: core request/reply, one responder of a queue group answers. */
export interface Rpc<Request extends z.ZodType = z.ZodType, Reply extends z.ZodType = z.ZodType> {
  readonly subject: string;
  readonly request: Request;
  readonly reply: Reply;
}

/** A past-tense message. It may be lost: whoever needs it for certain reads rows instead. */
export interface Fact<Payload extends z.ZodType = z.ZodType> {
  /** Where one payload is published. */
  readonly subject: (payload: z.infer<Payload>) => string;
  /** What a listener subscribes to, wildcards allowed. */
  readonly pattern: string;
  readonly payload: Payload;
}

export function rpc<Request extends z.ZodType, Reply extends z.ZodType>(definition: Rpc<Request, Reply>): Rpc<Request, Reply> {
  return definition;
}

export function fact<Payload extends z.ZodType>(definition: Fact<Payload>): Fact<Payload> {
  return definition;
}
