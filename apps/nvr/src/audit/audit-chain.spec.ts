import { describe, expect, it } from '@jest/globals';
import {
  ChainSeal,
  ChainWalk,
  hashBeforeFirst,
  hashOfEntry,
  type AuditRecord,
  type ChainedRecord,
  type ChainFault,
} from './audit-chain.js';

const seal = new ChainSeal(Buffer.alloc(32, 1).toString('base64'));
const entry = (id: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  id: BigInt(id),
  at: new Date(1_700_000_000_000 + id),
  tenantId: 1,
  actorUserId: 1,
  actorName: 'admin',
  action: 'user.changed',
  entityType: 'user',
  entityId: '2',
  details: { b: 1, a: { d: [2, 1], c: null } },
  address: '127.0.0.1',
  userAgent: 'test',
  requestId: `r-${id}`,
  ...more,
});

function chain(count: number): ChainedRecord[] {
  let previous: Uint8Array = hashBeforeFirst;
  return Array.from({ length: count }, (_, index) => {
    previous = hashOfEntry(previous, entry(index + 1));
    return { ...entry(index + 1), hash: previous };
  });
}
function headOf(log: readonly ChainedRecord[], sealedBy = seal) {
  const last = log.at(-1)!;
  const end = { entryId: last.id, hash: last.hash };
  return { ...end, seal: sealedBy.make(end) };
}
function walk(log: readonly ChainedRecord[], head: ReturnType<typeof headOf> | null): ChainFault | undefined {
  const steps = new ChainWalk(head, seal);
  for (const step of log) {
    const fault = steps.next(step);
    if (fault) return fault;
  }
  return steps.end();
}

describe('a chain of entries', () => {
  it('is whole as it was written, and when it is empty', () => {
    const log = chain(5);
    expect(walk(log, headOf(log))).toBeUndefined();
    expect(walk([], null)).toBeUndefined();
  });

  it('is the same whatever the order of keys in details: jsonb has its own', () => {
    const log = chain(3);
    const reordered = log.map((step) => ({ ...step, details: { a: { c: null, d: [2, 1] }, b: 1 } }));
    expect(walk(reordered, headOf(log))).toBeUndefined();
  });

  it.each<[keyof AuditRecord, unknown]>([
    ['at', new Date(0)],
    ['tenantId', 2],
    ['actorUserId', null],
    ['actorName', 'other'],
    ['action', 'user.deleted'],
    ['entityType', 'camera'],
    ['entityId', null],
    ['details', { b: 2, a: { d: [2, 1], c: null } }],
    ['address', '::1'],
    ['userAgent', ''],
    ['requestId', ''],
  ])('is broken where %s of an entry was altered', (field, value) => {
    const log = chain(5);
    const altered = log.map((step) => (step.id === 3n ? { ...step, [field]: value } : step));
    expect(walk(altered, headOf(log))).toEqual({ kind: 'altered', entryId: 3n });
  });

  it.each([1, 3, 5])('is broken where entry %i is missing, the first and the last included', (id) => {
    const log = chain(5);
    expect(
      walk(
        log.filter((step) => step.id !== BigInt(id)),
        headOf(log),
      ),
    ).toEqual({ kind: 'missing', entryId: BigInt(id) });
  });

  it('is broken where an entry was added before its begin or behind its end, also with a hash that fits', () => {
    const longer = chain(6);
    const log = longer.slice(0, 5);
    expect(walk(longer, headOf(log))).toEqual({ kind: 'inserted', entryId: 6n });
    expect(walk([{ ...log[0]!, id: 0n }, ...log], headOf(log))).toEqual({ kind: 'inserted', entryId: 0n });
    expect(walk(log, null)).toEqual({ kind: 'inserted', entryId: 1n });
  });

  it('is broken at the entry that others were moved up for', () => {
    const log = chain(5);
    const moved = [log[0]!, log[1]!, { ...log[1]!, id: 3n }, { ...log[2]!, id: 4n }];
    expect(walk(moved, headOf(log))).toEqual({ kind: 'altered', entryId: 3n });
  });

  it('that was written anew with fitting hashes, or cut short with its end, lacks the seal of the service', () => {
    const log = chain(5);
    const stranger = new ChainSeal(Buffer.alloc(32, 2).toString('base64'));
    expect(walk(log, headOf(log, stranger))).toEqual({ kind: 'resealed', entryId: 5n });
    expect(walk(log.slice(0, 4), { ...headOf(log.slice(0, 4)), seal: headOf(log).seal })).toEqual({ kind: 'resealed', entryId: 4n });
    const rewritten = log.map((step) =>
      step.id === 5n ? { ...step, hash: hashOfEntry(log[3]!.hash, entry(5, { address: '' })), address: '' } : step,
    );
    expect(walk(rewritten, headOf(log))).toEqual({ kind: 'resealed', entryId: 5n });
  });
});
