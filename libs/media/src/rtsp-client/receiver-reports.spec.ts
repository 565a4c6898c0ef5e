import { describe, expect, it } from '@jest/globals';
import { interleave, isControlPacket, ReceiverReports } from './receiver-reports.js';

const source = 0xcafe_f00d;

function rtp(sequence: number, from = source): Buffer {
  const packet = Buffer.alloc(20);
  packet.writeUInt16BE(0x8060, 0);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(from, 8);
  return packet;
}

function senderReport(ntpMiddle: number, from = source): Buffer {
  const packet = Buffer.alloc(28);
  packet.writeUInt32BE(0x80_c8_00_06, 0);
  packet.writeUInt32BE(from, 4);
  packet.writeUInt32BE(ntpMiddle, 10);
  return packet;
}

function read(report: Buffer | undefined) {
  if (!report) return undefined;
  return {
    head: report.toString('hex', 0, 4),
    source: report.readUInt32BE(8),
    fraction: report.readUInt8(12),
    lost: report.readIntBE(13, 3),
    highest: report.readUInt32BE(16),
    jitter: report.readUInt32BE(20),
    lastReport: report.readUInt32BE(24),
    delay: report.readUInt32BE(28),
  };
}

describe('what a camera is told of its packets', () => {
  it('is nothing before there were any', () => expect(new ReceiverReports().report(0)).toBeUndefined());

  it('is which came and which are missing, of all and since the last time', () => {
    const reports = new ReceiverReports();
    for (const sequence of [65_534, 65_535, 0, 1, 4, 5]) reports.take(rtp(sequence));
    expect(read(reports.report(0))).toMatchObject({ head: '81c90007', source, fraction: 64, lost: 2, highest: 65_536 + 5, jitter: 0 });
    for (const sequence of [6, 7]) reports.take(rtp(sequence));
    expect(read(reports.report(0))).toMatchObject({ fraction: 0, lost: 2, highest: 65_536 + 7 });
  });

  it('does not count a packet that comes late or twice as a new round of numbers', () => {
    const reports = new ReceiverReports();
    for (const sequence of [10, 11, 13, 12, 12]) reports.take(rtp(sequence));
    expect(read(reports.report(0))).toMatchObject({ fraction: 0, lost: -1, highest: 13 });
  });

  it('names its newest report and how long ago that came', () => {
    const reports = new ReceiverReports();
    reports.take(rtp(1));
    expect(read(reports.report(0))).toMatchObject({ lastReport: 0, delay: 0 });
    reports.takeControl(senderReport(0x1234_5678), 1_000);
    reports.takeControl(senderReport(0x9999_9999, 7), 1_200);
    expect(read(reports.report(1_500))).toMatchObject({ lastReport: 0x1234_5678, delay: 0x8000 });
  });

  it('begins anew with another source', () => {
    const reports = new ReceiverReports();
    for (const sequence of [1, 9]) reports.take(rtp(sequence));
    reports.take(rtp(100, 7));
    expect(read(reports.report(0))).toMatchObject({ source: 7, lost: 0, highest: 100 });
  });

  it('carries a name, in whole words', () => {
    const reports = new ReceiverReports();
    reports.take(rtp(1));
    const description = reports.report(0)!.subarray(32);
    expect(description.toString('hex', 0, 2)).toBe('81ca');
    expect(description.length).toBe(4 + description.readUInt16BE(2) * 4);
    expect(description.toString('hex', 4, 8)).toBe(reports.report(0)!.toString('hex', 4, 8));
    expect(description.subarray(8, 26).toString('latin1')).toMatch(/^\x01\x10[A-Za-z0-9+/=]{16}$/);
  });

  it('hears a goodbye of the source behind a report, and of nobody else', () => {
    const reports = new ReceiverReports();
    reports.take(rtp(1));
    const bye = (from: number) => Buffer.concat([Buffer.from('81cb0001', 'hex'), rtp(0, from).subarray(8, 12)]);
    expect(reports.takeControl(Buffer.concat([senderReport(1), bye(7)]), 0)).toBe(false);
    expect(reports.takeControl(Buffer.concat([senderReport(1), bye(source)]), 0)).toBe(true);
  });

  it.each(['', '80', '80c8ffff00000000', '00c8000600000000', '80c80000cafef00d', '81cb0000cafef00d'])('takes nothing from %s', (bytes) => {
    const reports = new ReceiverReports();
    reports.take(rtp(1));
    expect(reports.takeControl(Buffer.from(bytes, 'hex'), 0)).toBe(false);
    expect(read(reports.report(0))).toMatchObject({ lastReport: 0 });
  });

  it('is told apart from video, and framed for the connection', () => {
    expect([isControlPacket(senderReport(1)), isControlPacket(rtp(1)), isControlPacket(Buffer.alloc(3))]).toEqual([true, false, false]);
    expect(interleave(1, Buffer.alloc(300)).toString('hex', 0, 5)).toBe('2401012c00');
  });
});
