/**
 * The client's address: the socket's peer, or, behind trusted proxies, the right-most hop of
 * X-Forwarded-For that is not itself a trusted proxy. Nobody else's header is believed.
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
  if (trusted === null || forwardedFor === undefined || !isTrusted(address, trusted))
    return address;
  const hops = forwardedFor.split(',', 100).map((hop) => plain(hop.trim()));
  const client = hops.findLast((hop) => isIP(hop) !== 0 && !isTrusted(hop, trusted));
  return client ?? address;
}

/** Node shows IPv4 peers of a dual-stack socket as `::ffff:1.2.3.4`. */
const plain = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;

const isTrusted = (address: string, trusted: BlockList): boolean =>
  trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
