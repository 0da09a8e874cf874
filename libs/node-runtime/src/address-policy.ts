/**
 * Which addresses upstream targets may have. Private networks are legitimate (self-hosted models);
 * loopback, link-local (where cloud metadata lives), multicast and unspecified addresses are denied
 * unless the deployment allows them by CIDR. Pure: the control plane checks URLs as they are written,
 * the gateway's connector checks every address after DNS, so rebinding gains nothing.
 * Rejected: judging host names by pattern alone, because any name may resolve to any address.
 */
import { BlockList, isIP } from 'node:net';

export type AddressVerdict =
  { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export interface AddressPolicy {
  /** Scheme, port and, where the host is an address or a known local name, the address. */
  checkUrl(url: string): AddressVerdict;
  /** A resolved IPv4 or IPv6 address. */
  checkAddress(address: string): AddressVerdict;
}

export interface AddressPolicyOptions {
  /** CIDRs or single addresses that are allowed although the policy denies them. */
  allow: readonly string[];
}

/** Services that answer to text they did not ask for: mail, databases, caches, orchestrators. */
const DENIED_PORTS = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 110, 111, 135, 137, 139, 143,
  161, 389, 445, 465, 514, 587, 636, 993, 995, 1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389,
  5432, 5672, 5900, 5984, 6000, 6379, 6443, 9042, 9092, 9200, 9300, 10250, 11211, 15672, 26379,
  27017,
]);

const DENIED_RANGES: readonly (readonly [address: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
];

const METADATA_NAMES = new Set(['metadata', 'metadata.google.internal', 'instance-data']);

const ALLOWED: AddressVerdict = { allowed: true };
const denied = (reason: string): AddressVerdict => ({ allowed: false, reason });

/** @throws RangeError for an entry of `allow` that is no CIDR */
export function createAddressPolicy({ allow }: AddressPolicyOptions): AddressPolicy {
  const deniedList = new BlockList();
  for (const [address, prefix] of DENIED_RANGES) addRange(deniedList, address, prefix);
  const allowedList = new BlockList();
  for (const cidr of allow) addCidr(allowedList, cidr);

  const checkAddress = (address: string): AddressVerdict => {
    const plain = embeddedIpv4(address) ?? address;
    const family = familyOf(plain);
    if (family === null) return denied('is not an IP address');
    if (allowedList.check(plain, family)) return ALLOWED;
    return deniedList.check(plain, family) ? denied('the address is not allowed') : ALLOWED;
  };

  const checkHost = (host: string): AddressVerdict => {
    const address = host.startsWith('[') ? host.slice(1, -1) : host;
    if (isIP(address) !== 0) return checkAddress(address);
    const name = host.replace(/\.$/, '');
    if (METADATA_NAMES.has(name)) return denied('metadata services are not allowed');
    return name === 'localhost' || name.endsWith('.localhost')
      ? checkAddress('127.0.0.1')
      : ALLOWED;
  };

  const checkUrl = (text: string): AddressVerdict => {
    if (!URL.canParse(text)) return denied('is not a URL');
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return denied('only http and https');
    if (url.username !== '' || url.password !== '') return denied('must not carry a user');
    if (url.port !== '' && DENIED_PORTS.has(Number(url.port))) {
      return denied(`port ${url.port} is not allowed`);
    }
    if (isDisguised(text, url)) return denied('write the address in its usual form');
    return checkHost(url.hostname);
  };

  return { checkUrl, checkAddress };
}

const familyOf = (address: string): 'ipv4' | 'ipv6' | null => {
  const version = isIP(address);
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6';
};

function addRange(list: BlockList, address: string, prefix: number): void {
  const family = familyOf(address);
  if (family === null) throw new RangeError('is not an IP address');
  list.addSubnet(address, prefix, family);
}

function addCidr(list: BlockList, cidr: string): void {
  const [address = '', prefix] = cidr.split('/');
  const longest = isIP(address) === 6 ? 128 : 32;
  const bits = prefix === undefined ? longest : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > longest) {
    throw new RangeError('is not a CIDR');
  }
  addRange(list, address, bits);
}

/**
 * `URL` turns 127.1, 2130706433, 0x7f.1, 0177.0.0.1 and full-width digits into dotted decimals. Who
 * writes an address like that wants to get past a check, so it is refused whatever it means.
 */
function isDisguised(text: string, url: URL): boolean {
  if (isIP(url.hostname) !== 4) return false;
  const authority = /^[a-z]+:[\\/]*([^\\/?#]*)/i.exec(text.trim())?.[1] ?? '';
  return authority.replace(/:\d*$/, '') !== url.hostname;
}

/** IPv4 within IPv6: mapped, compatible, NAT64 and 6to4 addresses reach an IPv4 host. */
function embeddedIpv4(address: string): string | null {
  if (isIP(address) !== 6) return null;
  const groups = groupsOf(address);
  if (groups === null) return null;
  const [first = 0, second = 0] = groups;
  const last = ipv4Of(groups[6] ?? 0, groups[7] ?? 0);
  const zeros = (count: number) => groups.slice(0, count).every((group) => group === 0);
  if (zeros(5) && groups[5] === 0xffff) return last;
  if (zeros(6) && ((groups[6] ?? 0) !== 0 || (groups[7] ?? 0) > 1)) return last;
  if (first === 0x64 && second === 0xff9b) return last;
  return first === 0x2002 ? ipv4Of(second, groups[2] ?? 0) : null;
}

const ipv4Of = (high: number, low: number): string =>
  [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');

/** `URL` writes every IPv6 address as groups of hex digits, with at most one `::`. */
function groupsOf(address: string): number[] | null {
  const host = `http://[${address.split('%', 1)[0] ?? ''}]`;
  if (!URL.canParse(host)) return null;
  const [head = '', tail] = new URL(host).hostname.slice(1, -1).split('::');
  const parse = (text: string) =>
    text === '' ? [] : text.split(':').map((hex) => parseInt(hex, 16));
  const left = parse(head);
  const right = tail === undefined ? [] : parse(tail);
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}
