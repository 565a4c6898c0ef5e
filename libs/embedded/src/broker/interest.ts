import type { BrokerMessage } from './broker-message.js';
import { hasWildcard, matchesSubject, splitSubject, type SubjectTokens } from './subject.js';

/** Whoever holds subscriptions: a client connection. */
export interface Subscriber {
  send(subscription: Subscription, message: BrokerMessage): void;
}

/** One SUB of one client. */
export interface Subscription {
  readonly owner: Subscriber;
  readonly sid: string;
  readonly subject: string;
  readonly tokens: SubjectTokens;
  /** Members of one queue group share the messages; empty for none. */
  readonly queue: string;
  delivered: number;
  /** Deliveries after which the subscription ends; Infinity when the client named none. */
  deliverAtMost: number;
}

interface WildcardEntry {
  readonly tokens: SubjectTokens;
  readonly subscriptions: Set<Subscription>;
}

/**
 * Who wants which subject. Exact subjects are looked up; patterns are scanned, which stays cheap for the few a single
 * machine has (one inbox pattern per client and a handful of others).
 */
export class Interest {
  private readonly exact = new Map<string, Set<Subscription>>();
  private readonly wildcards = new Map<string, WildcardEntry>();

  add(subscription: Subscription): void {
    this.setFor(subscription).add(subscription);
  }

  remove(subscription: Subscription): void {
    const subscriptions = this.setFor(subscription);
    subscriptions.delete(subscription);
    if (subscriptions.size > 0) return;
    this.exact.delete(subscription.subject);
    this.wildcards.delete(subscription.subject);
  }

  /** All subscriptions a message on `subject` may go to, queue groups not yet decided. */
  find(subject: string): Subscription[] {
    const found = [...(this.exact.get(subject) ?? [])];
    if (this.wildcards.size === 0) return found;
    const tokens = splitSubject(subject);
    for (const entry of this.wildcards.values()) {
      if (matchesSubject(entry.tokens, tokens)) found.push(...entry.subscriptions);
    }
    return found;
  }

  private setFor(subscription: Subscription): Set<Subscription> {
    const { subject, tokens } = subscription;
    if (!hasWildcard(tokens)) {
      const known = this.exact.get(subject) ?? new Set();
      this.exact.set(subject, known);
      return known;
    }
    const known = this.wildcards.get(subject) ?? { tokens, subscriptions: new Set<Subscription>() };
    this.wildcards.set(subject, known);
    return known.subscriptions;
  }
}

/** Builds a subscription; the caller adds it to the interest table. */
export function makeSubscription(owner: Subscriber, request: { subject: string; queue: string; sid: string }): Subscription {
  return { owner, ...request, tokens: splitSubject(request.subject), delivered: 0, deliverAtMost: Infinity };
}
