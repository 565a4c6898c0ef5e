import { refuseOtherMethods as refuse } from '@nightjar/runtime';
import type { FastifyInstance } from 'fastify';
import { linkOf, lunaErrors } from './luna-errors.js';

/**
 * Answers 405 as the Luna surface does. To be called before routes are declared.
 * @param isLunaPath where the surface shares its port: which paths are its own
 */
export function refuseOtherMethods(fastify: FastifyInstance, isLunaPath: (url: string) => boolean = () => true): void {
  refuse(fastify, { isOwn: isLunaPath, body: { ...lunaErrors.methodNotAllowed, link: linkOf(lunaErrors.methodNotAllowed) } });
}
