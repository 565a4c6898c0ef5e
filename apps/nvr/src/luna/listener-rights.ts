import { Injectable } from '@nestjs/common';
import { allows, type Principal } from '@nightjar/auth';
import type { StreamListener } from '@nightjar/contracts';
import { SessionCheck } from '../auth/session-check.js';
import { ApiKeys, scopes } from '../keys/api-keys.js';
import { UsersStore } from '../users/users.store.js';
import { accountOfTenant } from './luna-account.js';
import { LunaStreamsStore } from './luna-streams.store.js';
import { streamScopeOf } from './stream-scope.js';

const read = { kind: 'authenticated', scope: scopes.readCameras } as const;

/** Whether those who listen at an agent may still: it has no database that knows, and asks here. */
@Injectable()
export class ListenerRights {
  constructor(
    private readonly users: UsersStore,
    private readonly sessions: SessionCheck,
    private readonly keys: ApiKeys,
    private readonly streams: LunaStreamsStore,
  ) {}

  async mayListen(streamId: string, listener: StreamListener): Promise<boolean> {
    const principal = await this.principalOf(listener);
    if (!principal || !allows(read, principal)) return false;
    const scope = streamScopeOf({ accountId: accountOfTenant(principal.tenantId), principal });
    return (await this.streams.find(scope, streamId)) !== null;
  }

  private async principalOf(listener: StreamListener): Promise<Exclude<Principal, { kind: 'service' }> | undefined> {
    if ('key_id' in listener) return this.keys.find(listener.key_id);
    const { session_id: sid, user_id: userId } = listener;
    const access = await this.sessions.find({ uid: userId, ...(sid !== null && { sid }) });
    const user = access && !access.lacksSecondFactor ? await this.users.findById(userId) : undefined;
    if (!access || !user) return undefined;
    const { isSuperuser, tenantId, username } = user;
    return { kind: 'user', userId, username, tenantId, isSuperuser, sessionId: sid ?? undefined, scopes: access.scopes };
  }
}
