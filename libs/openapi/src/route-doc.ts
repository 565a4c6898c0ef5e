import type { JsonSchema } from './json-schema.js';

export interface ParameterDoc {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly description: string;
  /** Default: text. */
  readonly schema?: JsonSchema;
  readonly required?: boolean;
}

export interface ContentDoc {
  readonly schema?: JsonSchema;
  /** By name; each is a whole body. */
  readonly examples?: Readonly<Record<string, unknown>>;
}

export interface ReplyDoc extends ContentDoc {
  readonly description: string;
  /** Default: application/json. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One route, for the API document. A spec holds this table against the routes that there are. */
export interface RouteDoc {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Below the surface's base, with `{parameters}`; `''` is the base itself. */
  readonly path: string;
  /** Of a generated client's function; default: made of tag, method and path. */
  readonly operationId?: string;
  readonly summary: string;
  readonly description?: string;
  /** Whether it asks for no credential. */
  readonly isPublic?: boolean;
  readonly parameters?: readonly ParameterDoc[];
  /** By content type. */
  readonly body?: Readonly<Record<string, ContentDoc>>;
  readonly replies: Readonly<Record<number, ReplyDoc>>;
  /** What comes later, over what the route opened: by name, one message each. */
  readonly messages?: Readonly<Record<string, { readonly summary: string; readonly schema: JsonSchema }>>;
  /** Statuses of errors beside 401, which every route that asks for a credential has. */
  readonly errors?: readonly number[];
}

/** Routes with one kind of error body. */
export interface SurfaceDoc {
  readonly tag: string;
  readonly description: string;
  /** Where its routes stand; the first is what the document says, the others are named beside it. */
  readonly bases: readonly string[];
  /** Of the body of every error; `contentType` default: application/json. */
  readonly error: { readonly name: string; readonly schema: JsonSchema; readonly contentType?: string };
  readonly routes: readonly RouteDoc[];
}
