import { jetstreamManager, AckPolicy, DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { inferenceQueue, Lane, type Capability } from '@nightjar/contracts';

const nanosPerMs = 1_000_000;
/** A puller that dies holds its item this long; then another one gets it, once. */
export const ackWaitMs = 15_000;

/** Makes the two queues of a capability with their shared consumer, or leaves them as they are. Idempotent; called again when a restarted server forgot them. */
export async function ensureInferenceQueues(connection: NatsConnection, capability: Capability): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  for (const lane of Lane.options) {
    const queue = inferenceQueue(capability, lane);
    await ignoringExisting(() =>
      manager.streams.add({
        name: queue.streamName,
        subjects: [queue.subject],
        retention: RetentionPolicy.Workqueue,
        storage: StorageType.Memory,
        // Full: the sender learns it at once and decides itself; nothing that waits is thrown away.
        discard: DiscardPolicy.New,
        max_msgs: queue.messagesMax,
        max_age: queue.ageMaxMs * nanosPerMs,
        num_replicas: 1,
      }),
    );
    await ignoringExisting(() =>
      manager.consumers.add(queue.streamName, {
        durable_name: queue.consumerName,
        ack_policy: AckPolicy.Explicit,
        ack_wait: ackWaitMs * nanosPerMs,
        // At most twice in all: a picture that kills an engine must not go round.
        max_deliver: 2,
        max_ack_pending: 1_024,
      }),
    );
  }
}

/** Two processes may create the same queue at the same moment, or an older release made it with other bounds. */
async function ignoringExisting(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    const streamExists = 10058;
    const consumerExists = [10013, 10105, 10148];
    if (!(error instanceof JetStreamApiError) || ![streamExists, ...consumerExists].includes(error.code)) throw error;
  }
}
