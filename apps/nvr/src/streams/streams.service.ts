import { Inject, Injectable } from '@nestjs/common';
import type { AssignedStream, claimStreams } from '@nightjar/contracts';
import type { Clock } from '@nightjar/runtime';
import type { z } from 'zod';
import { CamerasStore } from '../cameras/cameras.store.js';
import { StreamFeedbackStore } from '../luna/stream-feedback.store.js';
import { CLOCK } from '../process-parts.js';
import { shareStreams, type StreamAgent } from './share-streams.js';
import { StreamAssignments } from './stream-assignments.js';
import { StreamsStore, type ClaimedStream } from './streams.store.js';

type ClaimRequest = z.infer<(typeof claimStreams)['request']>;

const leaseMs = 10_000;
/** Full: the agent that was silent longest is forgotten, it comes back with its next claim. */
const agentsMax = 1_024;

/** Gives the streams that have to be analysed to the agents that ask. */
@Injectable()
export class StreamsService {
  /** Who asked within a lease. Each API process hears a part of the claims: shares are fair as far as it knows, leases are exact. */
  private readonly agents = new Map<string, StreamAgent & { askedAtMs: number }>();

  constructor(
    private readonly store: StreamsStore,
    private readonly cameras: CamerasStore,
    private readonly feedback: StreamFeedbackStore,
    private readonly assignments: StreamAssignments,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async claim(request: ClaimRequest): Promise<{ lease_ms: number; streams: AssignedStream[] }> {
    const agentId = request.agent_id;
    for (const { error, status, stream_id, version, video_info: video } of request.feedback)
      await this.feedback.take({ streamId: stream_id, version, status, error, video });
    const agents = this.remember({ agentId, slotsTotal: request.slots_total });
    const claimed = await this.store.claim({ agentId, leaseMs, decide: (streams) => shareStreams({ agentId, agents, streams }) });
    const cameraIds = claimed.flatMap(({ cameraId }) => cameraId ?? []);
    const cameras = cameraIds.length === 0 ? [] : await this.cameras.listByIds(cameraIds);
    const cameraOf = ({ cameraId }: ClaimedStream) => cameras.find(({ id }) => id === cameraId);
    const streams = await Promise.all(claimed.map((stream) => this.assignments.assign(stream, cameraOf(stream))));
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
}
