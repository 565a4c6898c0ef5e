import { Inject, Injectable } from '@nestjs/common';
import type { AssignedStream } from '@nightjar/contracts';
import type { Clock, Logger } from '@nightjar/runtime';
import { CameraConnections } from '../cameras/camera-connections.js';
import { CamerasStore, type Camera } from '../cameras/cameras.store.js';
import type { ApiConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { shareStreams, type StreamAgent } from './share-streams.js';
import { StreamsStore } from './streams.store.js';

const leaseMs = 10_000;
/** Full: the agent that was silent longest is forgotten, it comes back with its next claim. */
const agentsMax = 1_024;

/** Gives the streams that have to be analysed to the agents that ask. */
@Injectable()
export class StreamsService {
  /** Who asked within a lease. Each API process hears a part of the claims: shares are fair as far as it knows, leases are exact. */
  private readonly agents = new Map<string, StreamAgent & { askedAtMs: number }>();
  private readonly unreachable = new Set<number>();

  constructor(
    private readonly store: StreamsStore,
    private readonly cameras: CamerasStore,
    private readonly connections: CameraConnections,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async claim(request: { agent_id: string; slots_total: number }): Promise<{ lease_ms: number; streams: AssignedStream[] }> {
    const agentId = request.agent_id;
    const agents = this.remember({ agentId, slotsTotal: request.slots_total });
    const cameraIds = await this.store.claim({ agentId, leaseMs, decide: (streams) => shareStreams({ agentId, agents, streams }) });
    const cameras = cameraIds.length === 0 ? [] : await this.cameras.listByIds(cameraIds);
    const streams = await Promise.all(cameras.map((camera) => this.assign(camera)));
    return { lease_ms: leaseMs, streams: streams.filter((stream) => stream !== undefined) };
  }

  async release(request: { agent_id: string }): Promise<{ released: number }> {
    this.agents.delete(request.agent_id);
    return { released: await this.store.release(request.agent_id) };
  }

  private remember(agent: StreamAgent): StreamAgent[] {
    const askedAtMs = this.clock.monotonicMs();
    this.agents.delete(agent.agentId);
    this.agents.set(agent.agentId, { ...agent, askedAtMs });
    for (const [id, { askedAtMs: lastMs }] of this.agents)
      if (askedAtMs - lastMs > leaseMs || this.agents.size > agentsMax) this.agents.delete(id);
    return [...this.agents.values()];
  }

  /** A camera whose address is not known now stays with the agent and is tried again at its next claim. */
  private async assign(camera: Camera): Promise<AssignedStream | undefined> {
    try {
      const url = await this.connections.urlOf(camera, 'sub');
      this.unreachable.delete(camera.id);
      return {
        camera_id: camera.id,
        stream_id: camera.uuid,
        version: 1,
        account_id: null,
        frames_name: camera.framesName,
        name: camera.name,
        kind: 'rtsp',
        url,
        transport: 'tcp',
        frames_per_second: this.config.detectFps,
        analytics: [],
      };
    } catch (error) {
      if (!this.unreachable.has(camera.id)) this.logger.warn('a stream cannot be assigned', { cameraId: camera.id, error });
      this.unreachable.add(camera.id);
      return undefined;
    }
  }
}
