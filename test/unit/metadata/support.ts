import { API_VERSION, type Port, withDefaults } from '../../../src/api/index.ts';
import {
  answer,
  type Instance,
  type MetadataAnswer,
  type MetadataRequest,
  Tokens,
} from '../../../src/metadata/index.ts';

/** A machine with all data. */
export const web1: Instance = {
  namespace: 'team-a',
  portName: 'web-1',
  portUid: '4be7d7a9-2b6f-4f7e-9d1c-3a1f6f2f9a10',
  instanceId: 'vm-0815',
  hostname: 'web-1.example.com',
  macAddress: '0a:58:0a:0a:01:0b',
  ipAddress: '10.10.1.11',
  prefixLength: 24,
  gatewayIP: '10.10.1.1',
  mtu: 1442,
  dnsServers: ['9.9.9.9', '149.112.112.112'],
  dhcp: true,
  sshKeys: ['ssh-ed25519 AAAAC3Nza alice@example', 'ssh-rsa AAAAB3Nza bob'],
  userData: Buffer.from('#cloud-config\nruncmd: [[date]]\n'),
};

/** A machine with only the required data. */
export const bare: Instance = (({ namespace, portName, portUid, instanceId, macAddress, ipAddress }) => ({
  namespace,
  portName,
  portUid,
  instanceId,
  hostname: 'bare',
  macAddress,
  ipAddress,
  prefixLength: 24,
  dnsServers: [],
  dhcp: true,
  sshKeys: [],
}))(web1);

/** Requests a path; by default with GET and from the machine with all data. */
export function ask(
  path: string,
  {
    method = 'GET',
    headers = {},
    instance = web1,
    tokens = new Tokens(),
  }: Partial<MetadataRequest> & { readonly instance?: Instance; readonly tokens?: Tokens } = {},
): MetadataAnswer {
  return answer({ method, path, headers }, instance, tokens);
}

/** Returns the document at a path as text. Throws unless the status is 200. */
export function read(path: string, instance = web1): string {
  const { status, body } = ask(path, { instance });
  if (status !== 200) throw new Error(`GET ${path} returned the status ${status}`);
  return body.toString();
}

/** Returns a Port with a complete status. */
export function port(spec: object = {}, status: object = {}): Port {
  return withDefaults({
    apiVersion: API_VERSION,
    kind: 'Port',
    metadata: { name: 'web-1', namespace: 'team-a', uid: web1.portUid, resourceVersion: '7' },
    spec,
    status: {
      interfaceID: 'x',
      macAddress: web1.macAddress,
      ipAddress: web1.ipAddress,
      prefixLength: 24,
      ...status,
    },
  } as unknown as Port);
}
