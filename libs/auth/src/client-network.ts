const networkGroups = 4;
const groupsOfAddress = 8;

/**
 * What wrong keys and passwords are counted by: an IPv4 address, or the /64 of an IPv6 one, since a subscriber has at least that many
 * addresses. A text that is no address, as a proxy may send it, stands for itself.
 */
export function clientNetwork(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().replace(/%.*/s, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  while (tail !== undefined && groups.length + tailGroups.length < groupsOfAddress) groups.push('0');
  return [...groups, ...tailGroups]
    .slice(0, networkGroups)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
