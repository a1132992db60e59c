/**
 * The layers of the source code, and the layers that each may import. A layer is a folder or a file, relative to the
 * repository. The longest entry that matches a file applies to the file. An allowed import names a layer, or one file
 * of a layer: then only that file may be imported.
 *
 * The rule `layers/imports` (scripts/eslint-layers.js) enforces the table. docs/architecture.md shows the same table;
 * test/unit/docs/layers.test.ts compares the two. Every folder of src/ needs an entry.
 */
const kubernetesAndOvn = ['src/base', 'src/api', 'src/reconcile', 'src/ovn'];
const operation = ['src/config', 'src/process'];
const production = [
  ...kubernetesAndOvn,
  ...operation,
  'src/ipam',
  'src/controllers/index.ts',
  'src/operator',
  'src/metadata',
  'src/verify',
  'src/doctor',
];

const shared = [
  ...kubernetesAndOvn,
  'src/controllers/settings.ts',
  'src/controllers/pools',
  'src/controllers/rows',
];
const kind = [...shared, 'src/ipam', 'src/controllers/common', 'src/controllers/kind-module.ts'];

/** @type {Readonly<Record<string, readonly string[]>>} */
export const layers = {
  'src/base': [],
  'src/api': ['src/base'],
  'src/ipam': ['src/api'],
  'src/reconcile': ['src/base'],
  'src/ovn': ['src/base'],
  'src/process': ['src/base', 'src/reconcile'],
  'src/config': ['src/base', 'src/process'],
  'src/controllers/settings.ts': ['src/api'],
  'src/controllers/pools': ['src/base', 'src/api', 'src/ipam', 'src/controllers/settings.ts'],
  'src/controllers/rows': ['src/api', 'src/ovn', 'src/controllers/settings.ts'],
  'src/controllers/common': shared,
  'src/controllers/kind-module.ts': [...shared, 'src/controllers/common'],
  // The folder of a kind. A kind that imports no other kind needs no entry of its own.
  'src/controllers/*': kind,
  'src/controllers/vpc': [...kind, 'src/controllers/externalnetwork/index.ts'],
  'src/controllers/subnet': [
    ...kind,
    'src/controllers/vpc/index.ts',
    'src/controllers/providernetwork/index.ts',
  ],
  'src/controllers/trafficpolicy': [...kind, 'src/controllers/subnet/index.ts'],
  'src/controllers/port': [
    ...kind,
    'src/controllers/subnet/index.ts',
    'src/controllers/securitygroup/index.ts',
    'src/controllers/trafficpolicy/index.ts',
  ],
  'src/controllers/floatingip': [...kind, 'src/controllers/externalnetwork/index.ts'],
  'src/controllers/natrule': [
    ...kind,
    'src/controllers/vpc/index.ts',
    'src/controllers/externalnetwork/index.ts',
    'src/controllers/floatingip/index.ts',
  ],
  'src/controllers/vpcpeering': [...kind, 'src/controllers/vpc/index.ts'],
  'src/controllers/kinds.ts': [...kind, 'src/controllers/*/index.ts'],
  'src/controllers/upkeep': [...kind, 'src/controllers/kinds.ts'],
  'src/controllers/index.ts': [...kind, 'src/controllers/kinds.ts', 'src/controllers/upkeep'],
  'src/operator': [...kubernetesAndOvn, ...operation, 'src/controllers/index.ts'],
  'src/metadata': [...kubernetesAndOvn, ...operation],
  'src/verify': ['src/base', 'src/api', 'src/reconcile'],
  'src/doctor': [...kubernetesAndOvn, 'src/controllers/index.ts'],
  'src/plasmavmc': ['src/base', 'src/api', 'src/reconcile'],
  'src/cli': production,
  'src/main.ts': ['src/cli', 'src/process'],
  'src/dev': [...production, 'src/cli', 'packages/dev-apiserver/src/index.ts'],
  'packages/dev-apiserver/src': [],
  'packages/dev-apiserver/test': ['packages/dev-apiserver/src'],
};
