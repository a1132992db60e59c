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
  'src/controllers',
  'src/operator',
  'src/metadata',
  'src/verify',
  'src/doctor',
];

/** @type {Readonly<Record<string, readonly string[]>>} */
export const layers = {
  'src/base': [],
  'src/api': [],
  'src/ipam': ['src/api'],
  'src/reconcile': ['src/base'],
  'src/ovn': ['src/base'],
  'src/process': ['src/base', 'src/reconcile'],
  'src/config': ['src/process'],
  'src/controllers': [...kubernetesAndOvn, 'src/ipam'],
  'src/operator': [...kubernetesAndOvn, ...operation, 'src/controllers'],
  'src/metadata': [...kubernetesAndOvn, ...operation],
  'src/verify': ['src/base', 'src/api', 'src/reconcile'],
  'src/doctor': [...kubernetesAndOvn, 'src/controllers'],
  'src/plasmavmc': ['src/base', 'src/api', 'src/reconcile'],
  'src/cli': production,
  'src/main.ts': ['src/cli', 'src/process'],
  'src/dev': [...production, 'src/cli', 'packages/dev-apiserver/src/index.ts'],
  'packages/dev-apiserver/src': [],
  'packages/dev-apiserver/test': ['packages/dev-apiserver/src'],
};
