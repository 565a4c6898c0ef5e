import { Inject, Injectable } from '@nestjs/common';
import { isHttpUrl } from '@nightjar/media';
import { AddressPolicy, CheckedFetch, parseRemoteUrl } from '@nightjar/outbound';
import { AppError, toAppError } from '@nightjar/runtime';
import { CameraConnections } from '../cameras/camera-connections.js';
import { checkCameraUrl } from '../cameras/check-camera-url.js';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { isFileType } from './stream-reference.js';

/** A name whose servers are slower is taken unseen: the agent looks again when it fetches. */
const lookupTimeoutMs = 2_000;
const lookupsMax = 16;

/** Decides which addresses a stream may have. Agents look at them once more, when they connect. */
@Injectable()
export class StreamReferences {
  private readonly files: CheckedFetch;

  constructor(
    private readonly connections: CameraConnections,
    @Inject(CONFIG) config: ApiConfig,
  ) {
    const policy = new AddressPolicy({ networks: config.videoFileNetworks, ownPorts: new Set(config.ownPorts) });
    this.files = new CheckedFetch({ policy, exchangesMax: lookupsMax });
  }

  /** A video file: http(s), by the rules for addresses that users choose. Else RTSP, by those for cameras. @throws AppError `unprocessable` */
  async check({ reference, type }: { reference: string; type: string }): Promise<void> {
    if (isFileType(type)) return this.checkFile(reference);
    const target = checkCameraUrl(reference);
    if ('problem' in target) throw new AppError('unprocessable', target.problem);
    if (isHttpUrl(target.url)) throw new AppError('unprocessable', 'must begin with rtsp:// or rtsps://');
    await this.connections.check(target);
  }

  private async checkFile(reference: string): Promise<void> {
    try {
      parseRemoteUrl(reference);
    } catch (error) {
      throw new AppError('unprocessable', toAppError(error).message);
    }
    if ((await this.files.check(reference, { timeoutMs: lookupTimeoutMs })) !== 'refused') return;
    const message =
      'leads to an address or a port that nothing is fetched from: an operator can open networks with NIGHTJAR_VIDEOFILE_NETWORKS';
    throw new AppError('unprocessable', message);
  }
}
