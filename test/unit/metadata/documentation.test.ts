import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Port } from '../../../src/api/index.ts';
import { SSH_KEYS_KEY, USER_DATA_KEY } from '../../../src/metadata/instance.ts';
import { agentSettings } from '../../../src/metadata/agent/index.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/metadata.md'), 'utf8');

/** Returns the cells of the table rows below a heading. */
const rowsUnder = (heading: string): string[][] =>
  page
    .split(`\n### ${heading}\n`)[1]!
    .split(/\n##/)[0]!
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );

describe('docs/metadata.md', () => {
  it('has a row for every setting of the agent, with its option, default and meaning', () => {
    expect(rowsUnder('Settings')).toEqual(
      agentSettings.map(({ key, flag, fallback, help }) => [key, `--${flag}`, fallback ?? '', help]),
    );
  });
});

describe('examples/metadata.yaml', () => {
  const objects = parseAllDocuments(readFileSync(join(root, 'examples/metadata.yaml'), 'utf8')).map(
    (document) => document.toJS() as { kind: string; metadata: { name: string }; stringData?: object },
  );
  const secrets = objects.filter(({ kind }) => kind === 'Secret');

  it('has Secrets with the keys of the metadata service, and Ports that reference the Secrets', () => {
    expect(secrets.map(({ stringData }) => Object.keys(stringData!))).toEqual([
      [USER_DATA_KEY, SSH_KEYS_KEY],
    ]);
    const named = objects
      .filter(({ kind }) => kind === 'Port')
      .flatMap((port) => (port as unknown as Port).spec.metadata?.sourceRef?.name ?? []);
    expect(named).toEqual(secrets.map(({ metadata }) => metadata.name));
  });
});
