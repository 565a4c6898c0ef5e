import { Inject, Injectable } from '@nestjs/common';
import { SecretBox, type Principal } from '@nightjar/auth';
import { parseRemoteUrl } from '@nightjar/outbound';
import { AppError, toAppError } from '@nightjar/runtime';
import { openWebhookClient } from '@nightjar/webhooks';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction } from '../audit/audit-log.js';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { ApiConfig } from '../config.js';
import { invalidField } from '../http/parse-input.js';
import { CONFIG } from '../process-parts.js';
import { ruleSecretPurpose, RulesStore, type Rule, type RuleFields } from './rules.store.js';

/** A name whose servers are slower is taken unseen; it is looked at again when it is called. */
const lookupTimeoutMs = 2_000;
/** Names that are looked up at a time. Full: the next one is taken unseen. */
const checksAtOnce = 8;

/** A rule as somebody asks for it. */
export interface RuleRequest extends Omit<RuleFields, 'cameraIds'> {
  /** References of cameras. */
  cameras: readonly string[];
  /** Undefined: as it is; null: none. */
  secret: string | null | undefined;
}

/** Each user has rules of his own; admins see all. Another's rule is not there. */
@Injectable()
export class RulesService {
  private readonly checks;

  constructor(
    private readonly store: RulesStore,
    private readonly cameras: CamerasService,
    private readonly secretBox: SecretBox,
    private readonly audit: AuditLog,
    @Inject(CONFIG) config: ApiConfig,
  ) {
    this.checks = openWebhookClient(config.webhooks, { exchangesMax: checksAtOnce });
  }

  list(principal: Principal): Promise<Rule[]> {
    return this.store.list(ownerOf(principal));
  }

  /** @throws AppError `not_found` */
  async find(principal: Principal, id: number): Promise<Rule> {
    const rule = await this.store.find(id, ownerOf(principal));
    if (!rule) throw new AppError('not_found', 'Rule not found');
    return rule;
  }

  /** @throws AppError `unprocessable` for a URL that webhooks may not go to, `not_found` for a camera, `conflict` for too many rules */
  async create(principal: Principal, request: RuleRequest, actor: Actor): Promise<Rule> {
    const ownerId = requireUserId(principal);
    const fields = await this.fieldsOf(principal, request);
    const { secret } = request;
    const seal = secret == null ? undefined : (ruleId: number) => this.secretBox.seal(secret, ruleSecretPurpose(ruleId));
    return this.store.create(ownerId, fields, { seal, writeEntry: this.entry(actor, 'rule.created', undefined) });
  }

  /** @throws AppError as `create` */
  async update(principal: Principal, id: number, request: RuleRequest, actor: Actor): Promise<Rule> {
    const { cameraIds, url } = await this.find(principal, id);
    const fields = await this.fieldsOf(principal, request, cameraIds);
    const { secret } = request;
    // Whoever changes where messages go says what they are signed with: a secret is not shown to a new receiver.
    const kept = new URL(url).origin === new URL(fields.url).origin ? undefined : null;
    const sealedSecret = secret == null ? (secret ?? kept) : this.secretBox.seal(secret, ruleSecretPurpose(id));
    const rule = await this.store.update(id, fields, { sealedSecret, writeEntry: this.entry(actor, 'rule.changed', id) });
    if (!rule) throw new AppError('not_found', 'Rule not found');
    return rule;
  }

  /** @throws AppError `not_found` */
  async remove(principal: Principal, id: number, actor: Actor): Promise<void> {
    await this.find(principal, id);
    await this.store.remove(id, this.entry(actor, 'rule.deleted', id));
  }

  /** @param known cameras that the rule has already: they may stay though they are gone, or not the owner's any more */
  private async fieldsOf(
    principal: Principal,
    { cameras, secret: _secret, ...fields }: RuleRequest,
    known: readonly number[] = [],
  ): Promise<RuleFields> {
    const scope = cameraScopeOf(principal);
    const idOf = async (reference: string) =>
      known.find((id) => String(id) === reference) ?? (await this.cameras.find(scope, reference)).id;
    return { ...fields, cameraIds: [...new Set(await Promise.all(cameras.map(idOf)))], url: await this.checkedUrl(fields.url) };
  }

  private async checkedUrl(text: string): Promise<string> {
    let url: string;
    try {
      const { origin, path } = parseRemoteUrl(text);
      url = `${origin}${path}`;
    } catch (error) {
      throw invalidField('body', 'url', toAppError(error).message);
    }
    if ((await this.checks.check(url, { timeoutMs: lookupTimeoutMs })) !== 'refused') return url;
    throw invalidField(
      'body',
      'url',
      'leads to an address or a port that webhooks may not go to: the operator can open networks with NIGHTJAR_WEBHOOK_ALLOW_NETWORKS',
    );
  }

  private entry(actor: Actor, action: AuditAction, ruleId: number | undefined) {
    return this.audit.entryOf(actor, { action, entityType: 'event_rule', ...(ruleId !== undefined && { entityId: ruleId }) });
  }
}

function requireUserId(principal: Principal): number {
  if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users have rules');
  return principal.userId;
}

/** Whose rules a caller sees; undefined: all. */
function ownerOf(principal: Principal): number | undefined {
  const userId = requireUserId(principal);
  return principal.kind === 'user' && principal.isSuperuser ? undefined : userId;
}
