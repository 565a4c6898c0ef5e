import { Controller, Delete, Get, Param, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply } from 'fastify';
import { FaceRegistry } from '../faces/face-registry.js';
import { signalOfCaller } from './caller-signal.js';
import { renderFace, unknownPerson } from './render-face.js';

/** One registered person: routes that both surfaces have, with answers that hold what either's clients read. */
@Controller('faces')
export class FacesController {
  constructor(private readonly faces: FaceRegistry) {}

  @Get(':person_id')
  @Policy({ kind: 'authenticated' })
  get(@Param('person_id') personId: string): object {
    const face = this.faces.get(personId);
    if (!face) throw unknownPerson(personId);
    return { face: renderFace(face) };
  }

  @Delete(':person_id')
  @Policy({ kind: 'authenticated' })
  async remove(@Param('person_id') personId: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const removed = await this.faces.remove(personId, { signal: signalOfCaller(reply) });
    if (!removed) throw unknownPerson(personId);
    return { success: true, ok: true, person_id: personId, message: `Deleted ${personId}` };
  }
}
