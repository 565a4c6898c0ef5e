import type { SurfaceDoc } from '@nightjar/openapi';

const checks = { type: 'object', additionalProperties: { type: 'string' } };

/** What stands at one place, whatever the root answers. */
export const commonRoutes: SurfaceDoc = {
  tag: 'Probes and documents',
  description: 'For orchestrators and for readers.',
  bases: [''],
  error: { name: 'Error', schema: { type: 'object', required: ['detail'], properties: { detail: { type: 'string' } } } },
  routes: [
    {
      method: 'GET',
      path: '/livez',
      summary: 'Whether the process turns',
      isPublic: true,
      replies: { 200: { description: 'It does', schema: { type: 'object', properties: { status: { const: 'ok' } } } } },
    },
    {
      method: 'GET',
      path: '/readyz',
      summary: 'Whether requests are served now: engine processes up, models to preload loaded and warm',
      isPublic: true,
      replies: {
        200: { description: 'Ready', schema: readiness('ready') },
        503: { description: 'Not ready, with the reason by check', schema: readiness('not ready') },
      },
    },
    {
      method: 'GET',
      path: '/docs',
      summary: 'This document, to be read and tried',
      isPublic: true,
      replies: { 200: { description: 'A page', contentType: 'text/html', schema: { type: 'string' } } },
    },
    {
      method: 'GET',
      path: '/docs/openapi.json',
      summary: 'This document, OpenAPI 3.1',
      isPublic: true,
      replies: { 200: { description: 'The document', schema: { type: 'object', required: ['openapi', 'info', 'paths'] } } },
    },
    {
      method: 'GET',
      path: '/docs/assets/{file}',
      summary: 'What the page is made of',
      isPublic: true,
      parameters: [{ name: 'file', in: 'path', description: 'Name of a script, style or picture of the page', required: true }],
      replies: { 200: { description: 'The file', contentType: '*/*' } },
      errors: [404],
    },
  ],
};

function readiness(status: string) {
  return { type: 'object', required: ['status', 'checks'], properties: { status: { const: status }, checks } };
}
