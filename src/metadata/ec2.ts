import { formatCidr, mustParseAddress, networkOf } from '../api/index.ts';
import type { Instance } from './instance.ts';
import { bytes, directory, text, unavailable, type Directory, type Node } from './tree.ts';

/**
 * The listed versions. All versions have the same documents. The service answers every date as a version, because
 * clients request the version that they were written for without a look at the list.
 */
export const EC2_VERSIONS = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
  '2016-09-02',
  '2018-09-24',
  '2021-03-23',
  'latest',
] as const;

/** Whether the first segment of a path is a version of the EC2 documents. */
export const isEc2Version = (segment: string): boolean =>
  segment === 'latest' || segment === '1.0' || /^\d{4}-\d{2}-\d{2}$/.test(segment);

/**
 * Returns the documents of a version in the format of EC2 ("Access instance metadata for an EC2 instance" in the user
 * guide of EC2). Unknown data is absent; clients accept absent data.
 */
export function ec2Tree(instance: Instance): Directory {
  return directory({ 'meta-data': metaData(instance), 'user-data': userDataOf(instance) });
}

/** Returns the user data of an instance, for both formats. */
export function userDataOf({ userData, sourceProblem }: Instance): Node | undefined {
  if (sourceProblem !== undefined) return unavailable;
  return userData === undefined ? undefined : bytes(userData);
}

function metaData(instance: Instance): Directory {
  const { hostname, instanceId, ipAddress, macAddress } = instance;
  return directory({
    hostname: text(hostname),
    'instance-id': text(instanceId),
    'local-hostname': text(hostname),
    'local-ipv4': text(ipAddress),
    mac: text(macAddress),
    network: directory({
      interfaces: directory({ macs: directory({ [macAddress]: networkInterface(instance) }) }),
    }),
    'public-keys': publicKeys(instance),
  });
}

function networkInterface({ hostname, ipAddress, macAddress, prefixLength }: Instance): Directory {
  return directory({
    'device-number': text('0'),
    'local-hostname': text(hostname),
    'local-ipv4s': text(ipAddress),
    mac: text(macAddress),
    'subnet-ipv4-cidr-block': text(formatCidr(networkOf(mustParseAddress(ipAddress), prefixLength))),
  });
}

/** The list has entries such as `0=key-0`; the path of a key has only the number. */
function publicKeys({ sshKeys, sourceProblem }: Instance): Node | undefined {
  if (sourceProblem !== undefined) return unavailable;
  if (sshKeys.length === 0) return undefined;
  const entries = sshKeys.map((key, index) => [String(index), directory({ 'openssh-key': text(key) })]);
  return directory(
    Object.fromEntries(entries) as Record<string, Directory>,
    (index) => `${index}=key-${index}`,
  );
}
