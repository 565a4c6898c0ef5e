import type { BrokerMessage } from '../broker-message.js';

/** What JetStream needs of the broker around it. */
export interface JetStreamHost {
  /** Sends to whoever subscribed to the message's own subject. */
  publish(message: BrokerMessage): void;
  /** Sends a message that keeps its own subject to the subscribers of `inbox`: how a stored message reaches the one who pulls. */
  deliver(inbox: string, message: BrokerMessage): void;
  hasInterest(subject: string): boolean;
}
