import { describe, expect, it, jest } from '@jest/globals';
import type { HttpAdapterHost } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Actor } from './actor.js';
import type { Act } from './audit-log.js';
import { RefusedAccess } from './refused-access.js';

interface Row {
  actor: string;
  route: unknown;
  path: unknown;
  refused: unknown;
}

function start() {
  const rows: Row[] = [];
  const warn = jest.fn();
  const state = { nowMs: 1_000, isAway: false };
  const record = async ({ name }: Actor, { details, entityId }: Act): Promise<void> => {
    if (state.isAway) throw new Error('the database is away');
    rows.push({ actor: name, route: entityId, path: details?.path, refused: details?.refused });
  };
  const host = {} as HttpAdapterHost;
  const refused = new RefusedAccess({ record: record as never }, host, { monotonicMs: () => state.nowMs }, { warn });
  /** A look a minute and a bit later. */
  const pass = async () => {
    state.nowMs += 61_000;
    await refused.writeDue();
  };
  return { rows, warn, state, refused, pass };
}

const requestOf = (username: string, route = '/route/:id', originalUrl = '/route/1?ticket=secret') =>
  ({
    method: 'GET',
    originalUrl,
    ip: '127.0.0.1',
    id: 'r',
    headers: {},
    routeOptions: { url: route },
    principal: { kind: 'user', userId: username.length, username, tenantId: 1, isSuperuser: false },
  }) as unknown as FastifyRequest;

describe('refused requests', () => {
  it('are a row at once, and then one a minute with how many there were', async () => {
    const { pass, refused, rows, state } = start();
    refused.note(requestOf('anna'));
    await refused.writeDue();
    expect(rows).toEqual([{ actor: 'anna', route: 'GET /route/:id', path: '/route/1', refused: 1 }]);
    for (const id of [2, 3, 4]) refused.note(requestOf('anna', '/route/:id', `/route/${id}`));
    state.nowMs += 59_000;
    await refused.writeDue();
    expect(rows).toHaveLength(1);
    await pass();
    expect(rows.slice(1)).toEqual([{ actor: 'anna', route: 'GET /route/:id', path: '/route/4', refused: 3 }]);
    await pass();
    await pass();
    expect(rows).toHaveLength(2);
    refused.note(requestOf('anna'));
    await refused.writeDue();
    expect(rows).toHaveLength(3);
  });

  it('of each actor and each route have their own row', async () => {
    const { refused, rows } = start();
    for (const [name, route] of [
      ['anna', '/a'],
      ['anna', '/b'],
      ['boris', '/a'],
    ] as const)
      refused.note(requestOf(name, route));
    await refused.writeDue();
    expect(rows.map(({ actor, route }) => [actor, route])).toEqual([
      ['anna', 'GET /a'],
      ['anna', 'GET /b'],
      ['boris', 'GET /a'],
    ]);
  });

  it('of more actors and routes than are kept apart are counted in one row of nobody', async () => {
    const { pass, refused, rows } = start();
    for (let index = 0; index < 1_200; index++) refused.note(requestOf('anna', `/route-${index}`));
    await refused.writeDue();
    const of = (actor: string) => rows.filter((row) => row.actor === actor);
    expect(of('anna')).toHaveLength(1_000);
    await pass();
    expect(of('system').reduce((sum, row) => sum + Number(row.refused), 0)).toBe(200);
    expect(of('system').length).toBeLessThanOrEqual(2);
    // What had its row and did not come again has made room.
    refused.note(requestOf('boris'));
    await refused.writeDue();
    expect(of('boris')).toHaveLength(1);
  });

  it('that cannot be written are told in the log, fail nobody, and are written later', async () => {
    const { pass, refused, rows, state, warn } = start();
    state.isAway = true;
    for (let time = 0; time < 3; time++) expect(() => refused.note(requestOf('anna'))).not.toThrow();
    await refused.writeDue();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('cannot be written'), { error: expect.any(Error) });
    expect(rows).toEqual([]);
    state.isAway = false;
    await pass();
    expect(rows).toMatchObject([{ refused: 3 }]);
  });

  it('are written before the process ends', async () => {
    const { refused, rows } = start();
    for (let time = 0; time < 3; time++) refused.note(requestOf('anna'));
    await refused.onModuleDestroy();
    expect(rows.reduce((sum, row) => sum + Number(row.refused), 0)).toBe(3);
    refused.note(requestOf('boris'));
    await refused.writeDue();
    expect(rows.every(({ actor }) => actor === 'anna')).toBe(true);
  });
});
