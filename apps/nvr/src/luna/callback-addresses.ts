import { parseRemoteUrl } from '@nightjar/outbound';
import { toAppError } from '@nightjar/runtime';
import { openWebhookClient } from '@nightjar/webhooks';
import type { ApiConfig } from '../config.js';

/** A name whose servers are slower is taken unseen: the agent looks at it again with each event. */
const lookupTimeoutMs = 2_000;
/** Names that are looked up at a time. Full: the next one is taken unseen. */
const lookupsMax = 16;

interface CallbackUrl {
  /** JSON pointer. */
  place: string;
  url: string;
}

/**
 * Decides which addresses callbacks may have: those that the agent would post to, so that nobody waits for events that are never sent.
 * A name without an address at the moment is no reason to refuse.
 */
export class CallbackAddresses {
  private readonly checks;

  /** @param webhooks the networks and ports that the agent goes by too */
  constructor(webhooks: ApiConfig['webhooks']) {
    this.checks = openWebhookClient(webhooks, { exchangesMax: lookupsMax });
  }

  /** @returns the first callback that can never be called, with its place and why; undefined where there is none */
  async problemIn(parameters: Record<string, unknown>): Promise<string | undefined> {
    const problems = await Promise.all(callbackUrlsIn(parameters, '').map((callback) => this.problemOf(callback)));
    return problems.find((problem) => problem !== undefined);
  }

  private async problemOf({ place, url }: CallbackUrl): Promise<string | undefined> {
    try {
      parseRemoteUrl(url);
    } catch (error) {
      return `${place} ${toAppError(error).message}`;
    }
    if ((await this.checks.check(url, { timeoutMs: lookupTimeoutMs })) !== 'refused') return undefined;
    return `${place} leads to an address or a port that callbacks may not go to: the operator can open networks with NIGHTJAR_WEBHOOK_ALLOW_NETWORKS`;
  }
}

/** Lists named `callbacks` stand in the parameters, or in the parameters of those; other agents' analytics have some too. */
function callbackUrlsIn(value: unknown, place: string): CallbackUrl[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = `${place}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return name === 'callbacks' && Array.isArray(member)
      ? member.flatMap((one, index) => httpUrlOf(one, `${at}/${index}`))
      : callbackUrlsIn(member, at);
  });
}

function httpUrlOf(callback: unknown, place: string): CallbackUrl[] {
  const { type, url } = (callback ?? {}) as { type?: unknown; url?: unknown };
  return type === 'http' && typeof url === 'string' ? [{ place: `${place}/url`, url }] : [];
}
