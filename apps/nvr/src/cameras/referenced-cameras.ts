import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import type { NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { DATABASE } from '../process-parts.js';
import { cameraScopeOf, visibleCameras } from './camera-scope.js';
import { parseCameraReference } from './parse-camera-reference.js';

/** Cameras of a list in which each is named in one of the ways that there are. */
@Injectable()
export class ReferencedCameras {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /**
   * One question to the database, however long the list is.
   * @returns their ids in the order of the list, none of them twice
   * @throws AppError `not_found` for one that is not there or not to be seen by the caller: both look the same
   */
  async idsOf(principal: Principal, references: readonly string[]): Promise<number[]> {
    const parsed = references.map((text) => parseCameraReference(text));
    const ids = parsed.flatMap((reference) => (reference?.kind === 'id' ? [reference.id] : []));
    const framesNames = parsed.flatMap((reference) => (reference?.kind === 'frames_name' ? [reference.framesName] : []));
    const named = { OR: [{ id: { in: ids } }, { framesName: { in: framesNames } }] };
    const where = { AND: [named, visibleCameras(cameraScopeOf(principal))] };
    const cameras = await this.database.camera.findMany({ where, select: { id: true, framesName: true } });
    const found = new Set(cameras.map(({ id }) => id));
    const idByName = new Map(cameras.map(({ framesName, id }) => [framesName, id]));
    const listed = parsed.map((reference) => {
      const id = reference?.kind === 'frames_name' ? idByName.get(reference.framesName) : reference?.id;
      if (id === undefined || !found.has(id)) throw new AppError('not_found', 'Camera not found');
      return id;
    });
    return [...new Set(listed)];
  }
}
