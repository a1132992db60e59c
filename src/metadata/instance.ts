import type { MetadataSource, Port } from '../api/index.ts';
import { SourceError, type SourceReader } from './source.ts';

/** What the metadata service knows of the machine behind a Port. */
export interface Instance {
  readonly namespace: string;
  readonly portName: string;
  /** The Port's UID, to which session tokens are bound. */
  readonly portUID: string;
  /** `spec.attachment.vmID`; the Port's UID where that is unset. */
  readonly instanceID: string;
  readonly hostname: string;
  readonly macAddress: string;
  /** IPv4. */
  readonly ipAddress: string;
  readonly prefixLength: number;
  readonly gatewayIP?: string;
  /** In bytes. */
  readonly mtu?: number;
  /** The preferred one first. */
  readonly dnsServers: readonly string[];
  /** Whether the machine is to ask for its address by DHCP. */
  readonly dhcp: boolean;
  /** Public keys in the format of authorized_keys, one each, without comments and empty lines. */
  readonly sshKeys: readonly string[];
  /** As it is in the source, never empty. Unset: there is none. */
  readonly userData?: Buffer;
  /** Why user data and SSH keys are not known, for the log. They are then to be refused, not to be taken as absent. */
  readonly sourceProblem?: SourceError;
}

/** The key of the source with user data, handed out byte for byte. */
export const USER_DATA_KEY = 'user-data';

/** The key of the source with SSH keys, in the format of authorized_keys (sshd(8)). */
export const SSH_KEYS_KEY = 'ssh-authorized-keys';

/**
 * What is to be told about a Port, from its spec, its status and the Secret or ConfigMap that it names. `undefined`:
 * the Port is not in effect yet. Rejects with what `sources` rejects with, other than a SourceError.
 */
export async function readInstance(port: Port, sources: SourceReader): Promise<Instance | undefined> {
  const { metadata, spec, status = {} } = port;
  const { macAddress, ipAddress, prefixLength, gatewayIP, mtu, dnsServers = [] } = status;
  if (macAddress === undefined || ipAddress === undefined || prefixLength === undefined) return undefined;
  const { namespace = '', name, uid } = metadata;
  return {
    namespace,
    portName: name,
    portUID: uid,
    instanceID: spec.attachment?.vmID ?? uid,
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

/** RFC 1123 §2.1: labels of letters, digits and hyphens, of at most 63 characters, 253 in all. */
function isHostname(text: string): boolean {
  const label = '[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?';
  return text.length <= 253 && new RegExp(`^${label}([.]${label})*$`).test(text);
}
