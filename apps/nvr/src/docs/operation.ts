import { jsonReply, pathParameter, type JsonSchema, type ReplyDoc, type RouteDoc } from '@nightjar/openapi';

/** What the names in paths stand for; a name that is not here stops the start. */
const pathTexts: Readonly<Record<string, string>> = {
  reference: 'The camera: its number, `cam12`, `camera_12` or its UUID',
  ip: 'IPv4 or IPv6 address',
  adapter: 'Name of an adapter',
  agentId: 'UUID of an agent',
  analyticId: 'UUID of an analytic',
  appId: 'Id of an app',
  action: 'Name of an action of the app',
  deliveryId: 'Id of a delivery',
  file: 'Name of a file',
  groupId: 'UUID of a group',
  id: 'Id',
  keyId: 'UUID of a key',
  permission: 'Name of a permission',
  roleId: 'Number of a role',
  ruleId: 'Number of a rule',
  session: 'UUID of a session',
  setting: '`network`, `imaging`, `encoder`, `osd`, `motion`, `smart`, `services`, `camera-users`, `time` or `ntp`',
  streamId: 'UUID of a stream',
  userId: 'Number of a user',
};

type Method = RouteDoc['method'];

/** One route: `GET /api/v1/cameras/{reference}`, its name for generated clients, a line of text, and the rest. */
export function operation(
  line: `${Method} /${string}`,
  operationId: string,
  summary: string,
  { parameters = [], ...rest }: Omit<RouteDoc, 'method' | 'path' | 'operationId' | 'summary'>,
): RouteDoc {
  const [method, path] = line.split(' ') as [Method, string];
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => pathParameter(name!, textOf(name!)));
  const all = [...inPath, ...parameters];
  return { method, path, operationId, summary, ...rest, ...(all.length > 0 && { parameters: all }) };
}

/** The one answer that is no error. */
export function ok(description: string, schema: JsonSchema | string): Readonly<Record<number, ReplyDoc>> {
  return { 200: jsonReply(description, schema) };
}

export const noContent: Readonly<Record<number, ReplyDoc>> = { 204: { description: 'Done' } };

/** Bytes of a media type; `headers` say what stands beside them. */
export function media(contentType: string, description: string, headers?: Readonly<Record<string, string>>): ReplyDoc {
  return { description, contentType, schema: { type: 'string', contentMediaType: contentType }, ...(headers && { headers }) };
}

/** What turns into a WebSocket. */
export const switched: Readonly<Record<number, ReplyDoc>> = { 101: { description: 'The WebSocket is open' } };

function textOf(name: string): string {
  const text = pathTexts[name];
  if (text === undefined) throw new Error(`no text says what {${name}} stands for`);
  return text;
}
