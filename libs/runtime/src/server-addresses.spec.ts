import { describe, expect, it } from '@jest/globals';
import { isLoopbackHost, portsOf } from './server-addresses.js';

describe('the ports of servers', () => {
  it.each([
    ['nats://token@a:4223', [4223]],
    ['nats://a:4222, nats://b:4333', [4222, 4333]],
    ['nats://token@a,b:4333', [4222, 4333]],
    ['a', [4222]],
    ['', []],
    [undefined, []],
  ])('%j are %j', (servers, ports) => expect(portsOf(servers, 4222)).toEqual(ports));
});

describe('a loopback address', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', 'localhost'])('%s is one', (address) => expect(isLoopbackHost(address)).toBe(true));
  it.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', 'localhost.example.org'])('%s is none', (address) =>
    expect(isLoopbackHost(address)).toBe(false),
  );
});
