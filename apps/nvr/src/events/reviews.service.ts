import { Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { ReviewsStore } from './reviews.store.js';

/** A user keeps track of what he has looked at; nobody else sees it. */
@Injectable()
export class ReviewsService {
  constructor(private readonly store: ReviewsStore) {}

  /**
   * Marks events as reviewed by the caller, or takes the marks away. Safe to repeat.
   * @returns the events that are marked so now, and those that are not there or not to be seen: both look the same
   * @throws AppError `permission_denied` for who is no user
   */
  async mark(
    principal: Principal,
    mark: { eventIds: readonly number[]; reviewed: boolean },
  ): Promise<{ eventIds: number[]; missing: number[] }> {
    if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users review events');
    const eventIds = await this.store.findVisible(mark.eventIds, cameraScopeOf(principal));
    if (mark.reviewed) await this.store.add(principal.userId, eventIds);
    else await this.store.remove(principal.userId, eventIds);
    const marked = new Set(eventIds);
    return { eventIds, missing: [...new Set(mark.eventIds)].filter((id) => !marked.has(id)) };
  }

  /** As `mark`, of one event. @throws AppError also `not_found` */
  async markOne(principal: Principal, mark: { eventId: number; reviewed: boolean }): Promise<void> {
    const { missing } = await this.mark(principal, { eventIds: [mark.eventId], reviewed: mark.reviewed });
    if (missing.length > 0) throw new AppError('not_found', 'Event not found');
  }
}
