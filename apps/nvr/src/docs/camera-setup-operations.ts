import { flag, integer, jsonBody, listOf, moment, object, orNull, queryParameters, text, type RouteDoc } from '@nightjar/openapi';
import { ConfigsQuery } from '../cameras/camera-configs.controller.js';
import { TransportBody } from '../cameras/camera-transport.controller.js';
import { HardDeleteBody } from '../erasure/hard-delete.controller.js';
import { ok, operation } from './operation.js';

const seen = [403, 404, 503];
const transport = {
  camera_id: integer,
  transport_security: { enum: ['rtsps_required', 'rtsps_preferred', 'plaintext_allowed'] },
  encrypted: flag,
  probe_result: { enum: ['rtsps', 'rtsp', 'both', 'none', null] },
  probed_at: orNull(moment),
};
const tried = object({ success: flag, reason: orNull(text) });
const profile = object({ token: text, name: text, codec: orNull(text), width: integer, height: integer });

/** How cameras are read and served, and what is left to the cameras themselves. */
export const cameraSetupOperations: readonly RouteDoc[] = [
  operation('GET /api/v1/camera-config', 'listCameraConfigs', 'How cameras are read and recorded; it is changed with the camera', {
    parameters: queryParameters(ConfigsQuery, { skip: 'Cameras to leave out', limit: 'Cameras of a page' }),
    replies: ok(
      'A page of the cameras that the caller sees',
      object({
        configs: listOf(
          object({
            camera_id: integer,
            stream_protocol: { enum: ['rtsp', 'rtsps'] },
            source_url: text,
            recording_enabled: flag,
            rtsp_transport: { enum: ['auto', 'tcp', 'udp'] },
            transport_security: transport.transport_security,
            stream_active: flag,
            auto_restart: { const: true },
          }),
        ),
        total: integer,
      }),
    ),
    errors: [403, 422, 503],
  }),
  operation('PUT /api/v1/cameras/{reference}/transport-security', 'secureTransport', 'Whether a camera may be read unencrypted', {
    body: jsonBody(TransportBody),
    replies: ok('What holds from now on', object(transport)),
    errors: [403, 404, 409, 422, 503],
  }),
  operation('POST /api/v1/cameras/{reference}/probe-transport', 'probeTransport', 'Try a camera encrypted, and unencrypted if it may be', {
    description:
      'A password that was saved for an `rtsps://` address is not sent unencrypted: a camera that asks for it counts as one that answers.',
    replies: ok('What it answered to; `none` is an answer too', object({ ...transport, rtsps: tried, rtsp: orNull(tried) })),
    errors: [403, 404, 429, 503],
  }),
  operation('POST /api/v1/cameras/{reference}/hard-delete', 'eraseCamera', 'Remove a camera and all that was recorded of it, for ever', {
    description:
      'Deleted or not. `confirmation` is the name of the camera. Who has a second factor sends a code of it in `X-MFA-Code`, others their password.',
    parameters: [{ name: 'X-MFA-Code', in: 'header', description: 'A code of the second factor' }],
    body: jsonBody(HardDeleteBody),
    replies: { 202: { description: 'From now on nobody sees it; it is being removed', schema: object({ message: text }) } },
    errors: [400, 403, 404, 409, 422, 423, 429, 503],
  }),
  operation('GET /api/v1/cameras/{reference}/stream/urls', 'getStreamUrls', 'Where live video is: WHEP (null without a gateway) and HLS', {
    replies: ok('Addresses', object({ whep: orNull(text), hls: text })),
    errors: [403, 404, 409, 503],
  }),
  operation('GET /api/v1/cameras/{reference}/mediamtx-status', 'getServingState', 'Whether a camera is served, and by what', {
    replies: ok(
      'The state',
      object({
        camera_id: integer,
        path: text,
        path_configured: flag,
        path_active: flag,
        served_by: { const: 'nightjar' },
        webrtc_gateway: flag,
        reason: orNull(text),
      }),
    ),
    errors: seen,
  }),
  operation('POST /api/v1/cameras/{reference}/provision-mediamtx', 'provision', 'Nothing is to be provisioned', {
    replies: ok('Nothing was done', object({ camera_id: integer, path: text, provisioned: { const: false }, message: text })),
    errors: seen,
  }),
  operation('GET /api/v1/streams/token/{reference}', 'getGatewayToken', 'The token that a WebRTC gateway asks for', {
    replies: ok(
      'The token',
      object({ camera_id: integer, stream_name: text, token: text, token_type: { const: 'Bearer' }, expires_in_minutes: integer }),
    ),
    errors: [403, 404, 409, 501, 503],
  }),
  operation('GET /api/v1/streams/playback-token/{reference}', 'getPlaybackToken', 'Not here: a recording ticket does it', {
    replies: {},
    errors: [403, 404, 409, 501, 503],
  }),
  operation('GET /api/v1/cameras/{reference}/capabilities', 'getCapabilities', 'What a camera says of itself by ONVIF', {
    replies: ok(
      'What it says',
      object({ camera_id: integer, manufacturer: orNull(text), model: orNull(text), ptz: flag, profiles: listOf(profile) }),
    ),
    errors: [403, 404, 409, 429, 502, 503, 504],
  }),
  operation('GET /api/v1/cameras/{reference}/{setting}', 'getDeviceSetting', 'Not here: it is on the camera’s own page', {
    replies: {},
    errors: [403, 404, 501, 503],
  }),
  operation('POST /api/v1/cameras/{reference}/reboot', 'restartDevice', 'Not here: it is on the camera’s own page', {
    replies: {},
    errors: [403, 404, 501, 503],
  }),
  operation('POST /api/v1/cameras/{reference}/events/subscribe', 'subscribeToDevice', 'Not here: it is on the camera’s own page', {
    replies: {},
    errors: [403, 404, 501, 503],
  }),
  operation('GET /api/v1/cameras/assignable-skills', 'listSkills', 'What may stand in `assignments` of a camera', {
    replies: ok(
      'Tasks that adapters have at this moment',
      object({ skills: listOf(object({ skill: text, adapters: listOf(text) })), count: integer }),
    ),
    errors: [403],
  }),
];
