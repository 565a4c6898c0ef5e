import { Inject, Injectable } from '@nestjs/common';
import { SecretBox } from '@nightjar/auth';
import { PictureRegion, Rotation, StreamAnalytic, type AssignedStream, type CameraTransport } from '@nightjar/contracts';
import { AppError, type Logger } from '@nightjar/runtime';
import { z } from 'zod';
import { CameraConnections, transportOf } from '../cameras/camera-connections.js';
import type { Camera } from '../cameras/cameras.store.js';
import { checkCameraUrl } from '../cameras/check-camera-url.js';
import type { ApiConfig } from '../config.js';
import { accountOfTenant } from '../luna/luna-account.js';
import { nameOfStream } from '../luna/stream-name.js';
import { framesNameOf, isFileType, streamReferencePurpose } from '../luna/stream-reference.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import type { ClaimedStream } from './streams.store.js';

/** What a user said of a stream's pictures. */
const PictureChoice = z.object({
  rotation: Rotation.default(0),
  roi: PictureRegion.nullish().transform((region) => region ?? null),
  droi: PictureRegion.nullish().transform((region) => region ?? null),
});

/** Puts together what an agent is told of a stream: an address that was checked just now, and what to look for. */
@Injectable()
export class StreamAssignments {
  /** Told of once, not with every claim. */
  private readonly unreachable = new Set<string>();

  constructor(
    private readonly connections: CameraConnections,
    private readonly secretBox: SecretBox,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @returns undefined when its address is not known now: it stays with the agent and is tried again at its next claim */
  async assign(stream: ClaimedStream, camera: Camera | undefined): Promise<AssignedStream | undefined> {
    const { luna, streamId } = stream;
    const type = (luna?.data as { type?: string } | undefined)?.type;
    try {
      const url = camera ? await this.connections.urlOf(camera, 'sub') : await this.urlOf(stream);
      this.unreachable.delete(streamId);
      return {
        camera_id: stream.cameraId,
        stream_id: streamId,
        version: luna?.version ?? 1,
        // Also of a camera that nobody looked at as a stream so far.
        account_id: luna?.accountId ?? accountOfTenant(1),
        frames_name: framesNameOf(streamId, camera),
        name: luna ? nameOfStream(luna, camera) : (camera?.name ?? ''),
        location: (luna?.location as Record<string, unknown> | null | undefined) ?? null,
        kind: isFileType(type) ? 'file' : 'rtsp',
        url,
        main_url: camera && camera.substreamUrl !== null ? await this.mainUrlOf(camera) : null,
        transport: camera ? transportOf(camera) : transportOfType(type),
        frames_per_second: this.config.detectFps,
        ...PictureChoice.parse(luna?.data ?? {}),
        analytics: z.array(StreamAnalytic).parse(luna?.analytics ?? []),
      };
    } catch (error) {
      if (!this.unreachable.has(streamId)) this.logger.warn('a stream cannot be assigned', { streamId, cameraId: stream.cameraId, error });
      this.unreachable.add(streamId);
      return undefined;
    }
  }

  /** Without it the substream is analysed all the same. */
  private mainUrlOf(camera: Camera): Promise<string | null> {
    return this.connections.urlOf(camera, 'main').catch(() => null);
  }

  private async urlOf({ luna, streamId }: ClaimedStream): Promise<string> {
    if (!luna?.encryptedReference) throw new AppError('not_found', 'the stream has no address');
    const text = this.secretBox.open(luna.encryptedReference, streamReferencePurpose(streamId));
    // Whoever fetches a file looks where its address leads.
    if (isFileType((luna.data as { type?: string }).type)) return text;
    const reference = checkCameraUrl(text);
    if ('problem' in reference) throw new AppError('unprocessable', `the stream's address ${reference.problem}`);
    const { password = null, url, username = null } = reference;
    return this.connections.urlTo({ url, username, password, isDemo: false });
  }
}

/** Types `tcp` and `udp` of the Luna surface say how a stream comes. */
function transportOfType(type: string | undefined): CameraTransport {
  return type === 'tcp' || type === 'udp' ? type : 'auto';
}
