/** Whether an address is reachable from this machine only. */
export function isLoopbackHost(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

/**
 * Ports of the servers that a setting names, several with commas between them: those that no user may send us to.
 * @param standardPort of a server that is named without one
 */
export function portsOf(servers: string | undefined, standardPort: number): number[] {
  const named = (servers ?? '').split(',').map((server) => server.trim());
  return named.flatMap((server) => {
    if (server === '') return [];
    const url = server.includes('://') ? server : `server://${server}`;
    return [Number((URL.canParse(url) && new URL(url).port) || standardPort)];
  });
}
