import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { readCrds } from './crds.ts';
import { generateReference } from './reference.ts';
import { generateTypes } from './types.ts';

/** Where the reference pages are; every file in it is generated. */
export const REFERENCE = 'docs/reference';

/** Where the chart has the CRDs: copies, since links do not survive every way in which a repository travels. */
export const CHART_CRDS = 'charts/overlay-network/files/crds';

/** Every generated file and its text, formatted; paths from `root`, the folder of the project. */
export async function generateFiles(root: string): Promise<Map<string, string>> {
  const crds = readCrds(join(root, 'crds'));
  const files = new Map([['src/api/generated.ts', generateTypes(crds)]]);
  for (const [name, text] of generateReference(crds)) files.set(`${REFERENCE}/${name}`, text);
  for (const [path, text] of files) {
    const config = await resolveConfig(join(root, path));
    files.set(path, await format(text, { ...config, filepath: path }));
  }
  for (const name of readdirSync(join(root, 'crds')))
    files.set(`${CHART_CRDS}/${name}`, readFileSync(join(root, 'crds', name), 'utf8'));
  return files;
}
