import { anyObject, listOf, object, text, writeDocument, type OpenApiDocument, type RouteDoc, type SurfaceDoc } from '@nightjar/openapi';
import { appOperations, appSchemas, internalOperations } from './app-operations.js';
import { cameraOperations, cameraSchemas } from './camera-operations.js';
import { cameraSetupOperations } from './camera-setup-operations.js';
import { eventOperations, eventSchemas } from './event-operations.js';
import { lunaOperations, lunaSchemas } from './luna-operations.js';
import { probeOperations } from './probe-operations.js';
import { exportOperations, recordingOperations, recordingSchemas, retentionOperations } from './recording-operations.js';
import { recordingSetupOperations, recordingSetupSchemas } from './recording-setup-operations.js';
import { signInOperations, signInSchemas } from './sign-in-operations.js';
import { unsupportedOperations } from './unsupported-operations.js';
import { userOperations, userSchemas } from './user-operations.js';

const description = [
  'Cameras, recordings, events and rights. Sign in for a token (`Authorization: Bearer`), or show an API key (`X-API-Key`).',
  'What a caller may not see is not there: 404. Below `/api/v1` and `/1` another method than those listed here is 405. Errors are `{"detail": ...}`, a text, or a list of what is wrong with a request; those below `/1` are the Luna Video Manager’s.',
].join('\n\n');

const statusTexts: Readonly<Record<number, string>> = {
  400: 'The request makes no sense, which the answer explains',
  401: 'A credential is missing, wrong or over',
  403: 'The caller’s role or key does not hold the right',
  404: 'There is none, or the caller does not see it',
  409: 'Not in this state, or there is one already',
  413: 'Too large',
  415: 'The body is not of a type that is read here',
  416: 'The range is outside of the file',
  422: 'Not valid: the answer names the fields',
  423: 'Locked after too many wrong passwords',
  426: 'This is for WebSockets',
  429: 'Too often, or too many at once; `Retry-After` says when to come back',
  501: 'Not supported by this installation',
  502: 'What stands behind it failed',
  503: 'A part of the system is away, or busy; `Retry-After` says when to come back',
  504: 'What stands behind it did not answer in time',
};

const problem = { type: text, loc: listOf({ anyOf: [text, { type: 'integer' }] }), msg: text };
const detail: SurfaceDoc['error'] = {
  name: 'Detail',
  schema: object({ detail: { anyOf: [text, listOf(object(problem)), anyObject] } }),
};
const lunaError: SurfaceDoc['error'] = {
  name: 'LunaError',
  schema: object({ error_code: { type: 'integer' }, desc: text, detail: text, link: text }),
};

function surface(tag: string, about: string, routes: readonly RouteDoc[], error: SurfaceDoc['error'] = detail): SurfaceDoc {
  return { tag, description: about, bases: [''], error, routes: error === detail ? routes.map(withTypeError) : routes };
}

/** What has a body reads no other types of it. Luna's clients are told so with 400. */
function withTypeError(route: RouteDoc): RouteDoc {
  return route.body ? { ...route, errors: [...(route.errors ?? []), 415] } : route;
}

/** What a client of the NVR has to know. */
export function nvrDocument(version: string): OpenApiDocument {
  return writeDocument({
    info: { title: 'Nightjar NVR', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    surfaces: [
      surface('Sign in', 'Tokens, the second factor, the first user.', signInOperations),
      surface('Cameras', 'Cameras and their live pictures.', [...cameraOperations, ...cameraSetupOperations]),
      surface('Recordings', 'What there is, and playing it.', [...recordingOperations, ...recordingSetupOperations]),
      surface('Exports', 'Copies to take away.', exportOperations),
      surface('Retention', 'How long recordings stay.', retentionOperations),
      surface('Events', 'What happened, live and later, and telling others of it.', eventOperations),
      surface('Users', 'Users, roles, keys, and what was done.', userOperations),
      surface('Apps', 'Programs beside the NVR.', appOperations),
      surface('Internal', 'For services that show the internal key.', internalOperations),
      surface('Streams', 'The Luna Video Manager’s part: what agents analyse.', lunaOperations, lunaError),
      surface('Elsewhere', 'What clients of OpenNVR find in another place here: the answer says where.', unsupportedOperations),
      surface('Probes and documents', 'For orchestrators and readers.', probeOperations),
    ],
    schemas: {
      ...signInSchemas,
      ...cameraSchemas,
      ...recordingSchemas,
      ...recordingSetupSchemas,
      ...eventSchemas,
      ...userSchemas,
      ...appSchemas,
      ...lunaSchemas,
    },
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
    statusTexts,
  });
}
