import { Body, Controller, Get, Put, Req } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { parseInput } from '../http/parse-input.js';
import { SessionCheck } from './session-check.js';
import { SignInPolicies, type SignInPolicy } from './sign-in-policies.js';

const passphraseLengthDefault = 16;

export const ChangedPolicy = z.strictObject({
  min_length: z.number().int().min(8).max(128).optional(),
  min_classes: z.number().int().min(1).max(4).optional(),
  disallow_username_email: z.boolean().optional(),
  passphrase_enabled: z.boolean().optional(),
  passphrase_min_length: z.number().int().min(12).max(128).optional(),
  history_count: z.number().int().min(0).max(24).optional(),
  max_failed_attempts: z.number().int().min(3).max(20).optional(),
  lockout_minutes: z
    .number()
    .int()
    .min(1)
    .max(24 * 60)
    .optional(),
  require_mfa_for_privileged: z.boolean().optional(),
  /** Passwords don't age here: clients that send what they read are not refused for it. */
  expiration_days: z.null().optional(),
  /** Nor are they reset by a token: an admin gives another one. */
  reset_token_ttl_minutes: z.null().optional(),
});

/** The policy on the wire, by OpenNVR's names. */
interface PolicyView {
  min_length: number;
  min_classes: number;
  disallow_username_email: boolean;
  passphrase_enabled: boolean;
  passphrase_min_length: number;
  history_count: number;
  expiration_days: null;
  max_failed_attempts: number;
  lockout_minutes: number;
  reset_token_ttl_minutes: null;
  require_mfa_for_privileged: boolean;
}

/** How people sign in, for admins to decide. */
@Controller('api/v1/password-policy')
export class SignInPolicyController {
  constructor(
    private readonly policies: SignInPolicies,
    private readonly audit: AuditLog,
    private readonly sessions: SessionCheck,
  ) {}

  @Get()
  @Policy({ kind: 'superuser' })
  async show(): Promise<PolicyView> {
    return policyView(await this.policies.current());
  }

  @Put()
  @Policy({ kind: 'superuser' })
  async change(@Body() body: unknown, @Req() request: FastifyRequest): Promise<PolicyView> {
    const given = parseInput(ChangedPolicy, body, 'body');
    const change = {
      passwordLengthMin: given.min_length,
      passwordKindsMin: given.min_classes,
      refusesUsername: given.disallow_username_email,
      passphraseLength: passphraseLengthOf(given),
      formerPasswords: given.history_count,
      failuresMax: given.max_failed_attempts,
      lockMinutes: given.lockout_minutes,
      requiresMfaOfPrivileged: given.require_mfa_for_privileged,
    };
    const policy = await this.policies.change(actorOf(request), change, this.audit);
    // Some may need a second factor from now on.
    this.sessions.forgetAll();
    return policyView(policy);
  }
}

function passphraseLengthOf(given: z.infer<typeof ChangedPolicy>): number | null | undefined {
  if (given.passphrase_enabled === false) return null;
  return given.passphrase_min_length ?? (given.passphrase_enabled ? passphraseLengthDefault : undefined);
}

function policyView(policy: SignInPolicy): PolicyView {
  return {
    min_length: policy.passwordLengthMin,
    min_classes: policy.passwordKindsMin,
    disallow_username_email: policy.refusesUsername,
    passphrase_enabled: policy.passphraseLength !== null,
    passphrase_min_length: policy.passphraseLength ?? passphraseLengthDefault,
    history_count: policy.formerPasswords,
    expiration_days: null,
    max_failed_attempts: policy.failuresMax,
    lockout_minutes: policy.lockMinutes,
    reset_token_ttl_minutes: null,
    require_mfa_for_privileged: policy.requiresMfaOfPrivileged,
  };
}
