import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { visibleCameras, type CameraScope } from '../cameras/camera-scope.js';
import { DATABASE } from '../process-parts.js';

/** Which events each user has looked at. */
@Injectable()
export class ReviewsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Those of the events that are there and may be seen, ascending. */
  async findVisible(eventIds: readonly number[], scope: CameraScope): Promise<number[]> {
    const rows = await this.database.event.findMany({
      where: { id: { in: [...eventIds] }, camera: visibleCameras(scope) },
      orderBy: { id: 'asc' },
      select: { id: true },
    });
    return rows.map(({ id }) => Number(id));
  }

  /** The first time counts. An event that retention removes at this moment is passed over. */
  async add(userId: number, eventIds: readonly number[]): Promise<void> {
    await this.database.$executeRaw`
      WITH present AS (SELECT id FROM nvr.event WHERE id = ANY(${[...eventIds]}::bigint[]) FOR KEY SHARE)
      INSERT INTO nvr.event_review (user_id, event_id) SELECT ${userId}::int, id FROM present ON CONFLICT DO NOTHING`;
  }

  async remove(userId: number, eventIds: readonly number[]): Promise<void> {
    await this.database.eventReview.deleteMany({ where: { userId, eventId: { in: [...eventIds] } } });
  }
}
