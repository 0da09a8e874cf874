/**
 * The client's address: the socket's peer, or, behind trusted proxies, the right-most hop of
 * X-Forwarded-For that is not itself a trusted proxy. Nobody else's header is believed, and nothing to the left of
 * that hop: the client may have written it.
 */
import { BlockList, isIP } from 'node:net';

export type TrustedProxies = BlockList | null;

/** @param cidrs for example `10.0.0.0/8`; throws on a malformed one */
export function trustedProxies(cidrs: readonly string[]): TrustedProxies {
  if (cidrs.length === 0) return null;
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return list;
}

export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: TrustedProxies,
): string {
  const address = plain(peer ?? '');
  if (forwardedFor === undefined || !isTrusted(address, trusted)) return address;
  const hops = forwardedFor.split(',').map((hop) => plain(hop.trim()));
  const client = hops.findLast((hop) => !isTrusted(hop, trusted)) ?? '';
  return isIP(client) === 0 ? address : client;
}

/** Node shows IPv4 peers of a dual-stack socket as `::ffff:1.2.3.4`. */
const plain = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;

/** False for what is no address, such as that of a socket that has closed already. */
export function isTrusted(address: string, trusted: TrustedProxies): boolean {
  const family = isIP(address);
  if (trusted === null || family === 0) return false;
  return trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
