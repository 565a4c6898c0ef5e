import { isLoopbackHost } from '@nightjar/runtime';

/** Whether a `Host` header names this machine by a loopback name. */
export function namesLoopback(host: string | undefined): boolean {
  const name = /^(\[[0-9a-f:]+\]|[^:]+)(?::\d+)?$/i.exec(host ?? '')?.[1] ?? '';
  return isLoopbackHost(name.replace(/^\[|\]$/g, ''));
}
