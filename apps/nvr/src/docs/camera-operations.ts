import { CameraDecodeView, CameraView } from '@nightjar/contracts';
import {
  anyObject,
  flag,
  integer,
  jsonBody,
  listOf,
  moment,
  object,
  orNull,
  queryParameters,
  ref,
  schemaOfOutput,
  text,
  type RouteDoc,
} from '@nightjar/openapi';
import { PermissionBody } from '../cameras/camera-permissions.controller.js';
import { Address, TriedChange } from '../cameras/camera-tests.controller.js';
import { CameraCreate, CameraUpdate, ListQuery, SnapshotUrlBody, WriteQuery } from '../cameras/cameras.controller.js';
import { DeviceAddress, Velocity } from '../cameras/onvif/onvif.controller.js';
import { HlsQuery } from '../live-view/hls.controller.js';
import { PicturesQuery, VideoQuery } from '../live-view/live-view.controller.js';
import { media, ok, operation, switched } from './operation.js';

const message = object({ message: text });
const cameras = object({ cameras: listOf(ref('Camera')), total: integer });
const force = queryParameters(WriteQuery, { force: 'Save it though another camera has this address' });
const seen = [403, 404, 503];

/** Cameras, and their live pictures. */
export const cameraOperations: readonly RouteDoc[] = [
  operation('GET /api/v1/cameras', 'listCameras', 'Cameras that the caller sees', {
    parameters: queryParameters(ListQuery, {
      skip: 'Cameras to leave out',
      limit: 'Cameras of a page',
      active_only: '`false`: also those that are switched off',
    }),
    replies: ok('A page', cameras),
    errors: [403, 422, 503],
  }),
  operation('POST /api/v1/cameras', 'createCamera', 'Add a camera', {
    parameters: force,
    body: jsonBody(CameraCreate, {
      'with its substream': { name: 'yard', rtsp_url: 'rtsp://10.0.0.7/main', substream_url: 'rtsp://10.0.0.7/sub' },
    }),
    replies: ok('The camera', 'Camera'),
    errors: [400, 403, 409, 422, 503],
  }),
  operation('GET /api/v1/cameras/deleted', 'listDeletedCameras', 'Cameras that were removed and can be restored', {
    replies: ok('All of them', cameras),
    errors: [403, 503],
  }),
  operation('GET /api/v1/cameras/by-ip/{ip}', 'listCamerasAtAddress', 'Cameras at an address', {
    replies: ok('All that the caller sees', cameras),
    errors: [403, 422, 503],
  }),
  operation('GET /api/v1/cameras/{reference}', 'getCamera', 'One camera', { replies: ok('The camera', 'Camera'), errors: seen }),
  operation('PUT /api/v1/cameras/{reference}', 'changeCamera', 'Change a camera: what is not named stays', {
    parameters: force,
    body: jsonBody(CameraUpdate),
    replies: ok('The camera', 'Camera'),
    errors: [400, 403, 404, 409, 422, 503],
  }),
  operation('DELETE /api/v1/cameras/{reference}', 'removeCamera', 'Remove a camera; its recordings and events stay', {
    replies: ok('Removed', message),
    errors: seen,
  }),
  operation('POST /api/v1/cameras/{reference}/restore', 'restoreCamera', 'Bring a removed camera back', {
    parameters: force,
    replies: ok('The camera', 'Camera'),
    errors: [403, 404, 409, 422, 503],
  }),
  operation('GET /api/v1/cameras/{reference}/permissions', 'listCameraPermissions', 'Who else may see and manage a camera', {
    replies: ok('All of them', object({ permissions: listOf(ref('CameraPermission')), count: integer })),
    errors: seen,
  }),
  operation('GET /api/v1/cameras/{reference}/permissions/check', 'checkCameraPermission', 'What the caller may do with a camera', {
    replies: ok('What he may', object({ camera_id: integer, can_view: { const: true }, can_manage: flag, is_owner: flag })),
    errors: seen,
  }),
  operation('POST /api/v1/cameras/{reference}/permissions', 'grantCamera', 'Let a user see a camera, or manage it', {
    body: jsonBody(PermissionBody),
    replies: ok('The permission', 'CameraPermission'),
    errors: [403, 404, 422, 503],
  }),
  operation('DELETE /api/v1/cameras/{reference}/permissions/{userId}', 'revokeCamera', 'Take a permission away', {
    replies: ok('Taken away', message),
    errors: seen,
  }),
  operation('POST /api/v1/cameras/test-connection', 'testAddress', 'Try an address that is not saved yet', {
    body: jsonBody(Address),
    replies: ok('What came of it; `success` false is an answer too', 'ConnectionTest'),
    errors: [400, 403, 422, 429, 503],
  }),
  operation('POST /api/v1/cameras/{reference}/test-connection', 'testCamera', 'Try a camera as it is saved, or with other settings', {
    description:
      'Other settings are tried for admins. Without `password` the saved one is used, at hosts of the saved addresses only: 422 says that it must be typed again.',
    body: jsonBody(TriedChange),
    replies: ok('What came of it; `success` false is an answer too', 'ConnectionTest'),
    errors: [400, 403, 404, 422, 429, 503],
  }),
  operation('POST /api/v1/cameras/discover', 'discoverCameras', 'Ask the configured networks for ONVIF cameras; takes three seconds', {
    replies: ok('Devices that answered', object({ devices: listOf(anyObject) })),
    errors: [403, 409, 429, 503],
  }),
  operation('POST /api/v1/cameras/profiles', 'describeDevice', 'What an ONVIF camera would be saved with', {
    body: jsonBody(DeviceAddress),
    replies: ok('Its streams', 'DeviceProfiles'),
    errors: [400, 403, 422, 429, 502, 503, 504],
  }),
  operation('POST /api/v1/cameras/{reference}/ptz/move', 'moveCamera', 'Turn and zoom, until `stop`', {
    parameters: queryParameters(Velocity, { x: 'To the right', y: 'Up', z: 'Nearer' }),
    replies: ok('It moves', message),
    errors: [400, 403, 404, 409, 422, 502, 503, 504],
  }),
  operation('POST /api/v1/cameras/{reference}/ptz/stop', 'stopCamera', 'Stop turning and zooming', {
    replies: ok('It stands', message),
    errors: [400, 403, 404, 409, 502, 503, 504],
  }),
  operation('GET /api/v1/cameras/{reference}/decode', 'getDecoding', 'How much of a camera is decoded for its analytics, and why', {
    replies: ok('What its agent says', 'CameraDecoding'),
    errors: seen,
  }),
  operation(
    'GET /api/v1/cameras/{reference}/snapshot',
    'getSnapshot',
    'The newest picture that an agent decoded, or else that was recorded',
    {
      replies: { 200: media('image/jpeg', 'The picture', { 'Last-Modified': 'When it was taken' }) },
      errors: seen,
    },
  ),
  operation('POST /api/v1/cameras/{reference}/snapshot-url', 'makeSnapshotUrl', 'An address of the newest picture that needs no header', {
    body: jsonBody(SnapshotUrlBody),
    replies: ok('The address', object({ url: text, expires_in_seconds: integer })),
    errors: [400, 403, 404, 422, 503],
  }),
  operation('GET /api/v1/cameras/{reference}/live', 'watchLive', 'Live video as fragmented MP4 on a WebSocket', {
    parameters: queryParameters(VideoQuery, {
      stream: '`sub`: the smaller stream, of a camera that has one',
      ticket: 'Instead of a header',
    }),
    replies: switched,
    errors: [400, 403, 404, 422, 426, 429, 503],
  }),
  operation('GET /api/v1/cameras/{reference}/live.mjpeg', 'watchPictures', 'Live pictures, one after the other (MJPEG)', {
    parameters: queryParameters(PicturesQuery, { fps: 'Pictures a second at most', ticket: 'Instead of a header' }),
    replies: { 200: media('multipart/x-mixed-replace', 'Pictures') },
    errors: [403, 404, 422, 429, 503],
  }),
  operation(
    'GET /api/v1/cameras/{reference}/live/{file}',
    'getLivePlaylist',
    '`index.m3u8` (Low-Latency HLS) and the files that it names',
    {
      parameters: queryParameters(HlsQuery, {
        _HLS_msn: 'Answer when this segment is there',
        _HLS_part: 'Answer when this part of it is there',
        ticket: 'Instead of a header',
      }),
      replies: { 200: media('application/vnd.apple.mpegurl', 'The playlist, or a piece of fragmented MP4') },
      errors: [400, 403, 404, 422, 429, 503],
    },
  ),
  operation('POST /api/v1/cameras/{reference}/live/ticket', 'makeLiveTicket', 'A ticket for players of HLS that can’t send headers', {
    replies: ok('The ticket, and the playlist with it', object({ ticket: text, expires_in: integer, url: text })),
    errors: seen,
  }),
  operation('GET /api/v1/streams/{reference}/info', 'getStreamAddresses', 'All addresses of a camera’s live video', {
    replies: ok('Addresses; what there is not is null', anyObject),
    errors: seen,
  }),
  operation('GET /api/v1/streams/hls/{reference}', 'getHlsAddress', 'The live playlist and a ticket for it', {
    replies: ok('Address and ticket', anyObject),
    errors: seen,
  }),
  operation('GET /api/v1/streams/webrtc/{reference}', 'getWhepAddress', 'Where to send a WHEP offer', {
    replies: ok('Address and token', anyObject),
    errors: [403, 404, 501, 503],
  }),
];

/** Schemas that are named in the operations above. */
export const cameraSchemas = {
  Camera: schemaOfOutput(CameraView),
  CameraDecoding: schemaOfOutput(CameraDecodeView),
  CameraPermission: object({
    camera_id: integer,
    user_id: integer,
    username: text,
    can_view: { const: true },
    can_manage: flag,
    created_at: moment,
  }),
  ConnectionTest: object({
    success: flag,
    reason: orNull(text),
    video_codec: orNull(text),
    width: orNull(integer),
    height: orNull(integer),
    took_ms: integer,
  }),
  DeviceProfiles: object({
    manufacturer: orNull(text),
    model: orNull(text),
    can_move: flag,
    rtsp_url: orNull(text),
    substream_url: orNull(text),
    onvif_profile: orNull(text),
    profiles: listOf(anyObject),
  }),
};
