import { pathParameter } from '@nightjar/openapi';
import type { ParameterDoc, RouteDoc } from '@nightjar/openapi';

const uploadId = pathParameter('uploadId', 'As the address of the upload ends');
const tusVersion: ParameterDoc = { name: 'Tus-Resumable', in: 'header', description: '1.0.0', required: true };
const jobHeaders = {
  'X-Job-Id': 'Id of the job, once the upload is complete',
  'Content-Location': 'Where its result is polled',
};

/** Uploads in pieces: the tus protocol, 1.0.0. Any tus client does this by itself. */
export const uploadOperations: readonly RouteDoc[] = [
  {
    method: 'OPTIONS',
    path: '/v1/uploads',
    operationId: 'describeUploads',
    summary: 'What this tus server can do',
    replies: {
      204: {
        description: 'In its headers',
        headers: { 'Tus-Version': '1.0.0', 'Tus-Extension': 'Names of extensions', 'Tus-Max-Size': 'Bytes' },
      },
    },
  },
  {
    method: 'POST',
    path: '/v1/uploads',
    operationId: 'createUpload',
    summary: 'Begin an upload',
    parameters: [
      tusVersion,
      { name: 'Upload-Length', in: 'header', description: 'Bytes of the whole video' },
      {
        name: 'Upload-Metadata',
        in: 'header',
        description: '`filename`, `max_processing_time`, `webhook_url`, `webhook_secret`; values in base64',
      },
    ],
    replies: { 201: { description: 'Begun', headers: { Location: 'Address of the upload', ...jobHeaders } } },
    errors: [400, 403, 409, 412, 413, 415, 422, 429, 503],
  },
  {
    method: 'HEAD',
    path: '/v1/uploads/{uploadId}',
    operationId: 'getUploadOffset',
    summary: 'How far an upload is',
    parameters: [uploadId, tusVersion],
    replies: { 200: { description: 'In its headers', headers: { 'Upload-Offset': 'Bytes that have arrived', ...jobHeaders } } },
    errors: [403, 404, 410, 412],
  },
  {
    method: 'PATCH',
    path: '/v1/uploads/{uploadId}',
    operationId: 'continueUpload',
    summary: 'Send the next bytes; the last ones make the job',
    parameters: [uploadId, tusVersion, { name: 'Upload-Offset', in: 'header', description: 'Where these bytes belong', required: true }],
    body: { 'application/offset+octet-stream': { schema: { type: 'string', format: 'binary' } } },
    replies: { 204: { description: 'Taken', headers: { 'Upload-Offset': 'Bytes that have arrived', ...jobHeaders } } },
    errors: [400, 403, 404, 409, 410, 412, 413, 415, 422, 429, 503],
  },
  {
    method: 'DELETE',
    path: '/v1/uploads/{uploadId}',
    operationId: 'abandonUpload',
    summary: 'Give an upload up',
    parameters: [uploadId, tusVersion],
    replies: { 204: { description: 'Removed' } },
    errors: [403, 404, 410, 412],
  },
];
