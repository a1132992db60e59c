import type { MetadataSource, Port } from '../api/index.ts';
import { SourceError, type SourceReader } from './source.ts';

/** The data of the metadata service about the machine of a Port. */
export interface Instance {
  readonly namespace: string;
  readonly portName: string;
  /** The UID of the Port. Session tokens are bound to the UID. */
  readonly portUid: string;
  /** `spec.attachment.vmID`; default: the UID of the Port. */
  readonly instanceId: string;
  readonly hostname: string;
  readonly macAddress: string;
  /** IPv4. */
  readonly ipAddress: string;
  readonly prefixLength: number;
  readonly gatewayIP?: string;
  /** In bytes. */
  readonly mtu?: number;
  /** In the order of preference. */
  readonly dnsServers: readonly string[];
  /** Whether the machine must configure its address by DHCP. */
  readonly dhcp: boolean;
  /** Public keys: the lines of authorized_keys without comments and empty lines. */
  readonly sshKeys: readonly string[];
  /** The bytes in the source, never empty; unset without user data. */
  readonly userData?: Buffer;
  /** The error of reading the source, for the log. Requests for user data and SSH keys must then fail with 503. */
  readonly sourceProblem?: SourceError;
}

/** The key of the user data in the source. The service returns the bytes unchanged. */
export const USER_DATA_KEY = 'user-data';

/** The key of the SSH keys in the source, in the format of authorized_keys (sshd(8)). */
export const SSH_KEYS_KEY = 'ssh-authorized-keys';

/**
 * Returns the instance data of a Port from its spec, its status, and its Secret or ConfigMap. Returns undefined when
 * the status does not have the addresses yet. Rejects with the errors of `sources`, except SourceError.
 */
export async function readInstance(port: Port, sources: SourceReader): Promise<Instance | undefined> {
  const { metadata, spec, status = {} } = port;
  const { macAddress, ipAddress, prefixLength, gatewayIP, mtu, dnsServers = [] } = status;
  if (macAddress === undefined || ipAddress === undefined || prefixLength === undefined) return undefined;
  const { namespace = '', name, uid } = metadata;
  return {
    namespace,
    portName: name,
    portUid: uid,
    instanceId: spec.attachment?.vmID ?? uid,
    hostname: hostnameOf(port),
    macAddress,
    ipAddress,
    prefixLength,
    ...(gatewayIP === undefined ? {} : { gatewayIP }),
    ...(mtu === undefined ? {} : { mtu }),
    dnsServers,
    dhcp: status.dhcp !== 'Disabled',
    ...(await readSource(namespace, spec.metadata?.sourceRef, sources)),
  };
}

type Sourced = Pick<Instance, 'sshKeys' | 'userData' | 'sourceProblem'>;

async function readSource(
  namespace: string,
  source: MetadataSource | undefined,
  sources: SourceReader,
): Promise<Sourced> {
  if (source === undefined) return { sshKeys: [] };
  try {
    const keys = await sources.read(source.kind, namespace, source.name);
    const userData = keys[USER_DATA_KEY];
    return {
      sshKeys: publicKeys(keys[SSH_KEYS_KEY]),
      ...(userData === undefined || userData.length === 0 ? {} : { userData }),
    };
  } catch (error) {
    if (error instanceof SourceError) return { sshKeys: [], sourceProblem: error };
    throw error;
  }
}

function publicKeys(text: Buffer = Buffer.alloc(0)): readonly string[] {
  return text
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function hostnameOf({ metadata: { name }, spec }: Port): string {
  const vmID = spec.attachment?.vmID;
  return spec.metadata?.hostname ?? (vmID !== undefined && isHostname(vmID) ? vmID : name);
}

/**
 * RFC 1123 §2.1: labels of letters, digits and hyphens with at most 63 characters; at most 253 characters in total.
 */
function isHostname(text: string): boolean {
  const label = '[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?';
  return text.length <= 253 && new RegExp(`^${label}([.]${label})*$`).test(text);
}
