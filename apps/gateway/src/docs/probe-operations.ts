import { object, type RouteDoc } from '@nightjar/openapi';

const readiness = (status: string) =>
  object({ status: { const: status }, checks: { type: 'object', additionalProperties: { type: 'string' } } });
const document = { description: 'The document', schema: { type: 'object', required: ['openapi', 'info', 'paths'] } };

/** What needs no key. */
export const probes: readonly RouteDoc[] = [
  {
    method: 'GET',
    path: '/livez',
    operationId: 'isLive',
    summary: 'Whether the process turns',
    isPublic: true,
    replies: { 200: { description: 'It does', schema: object({ status: { const: 'ok' } }) } },
  },
  {
    method: 'GET',
    path: '/readyz',
    operationId: 'isReady',
    summary: 'Whether jobs are taken now',
    isPublic: true,
    replies: {
      200: { description: 'Ready', schema: readiness('ready') },
      503: { description: 'Not ready, with the reason by check', schema: readiness('not ready') },
    },
  },
  {
    method: 'GET',
    path: '/v1/openapi.json',
    operationId: 'getDocument',
    summary: 'This document, OpenAPI 3.1',
    isPublic: true,
    replies: { 200: document },
  },
  {
    method: 'GET',
    path: '/docs',
    operationId: 'readDocument',
    summary: 'This document, to be read and tried',
    isPublic: true,
    replies: { 200: { description: 'A page', contentType: 'text/html', schema: { type: 'string' } } },
  },
  {
    method: 'GET',
    path: '/docs/openapi.json',
    operationId: 'getDocumentOfPage',
    summary: 'This document, beside its page',
    isPublic: true,
    replies: { 200: document },
  },
  {
    method: 'GET',
    path: '/docs/assets/{file}',
    operationId: 'getPageFile',
    summary: 'What the page is made of',
    isPublic: true,
    parameters: [{ name: 'file', in: 'path', description: 'Name of a script, style or picture of the page', required: true }],
    replies: { 200: { description: 'The file', contentType: '*/*' } },
    errors: [404],
  },
];
