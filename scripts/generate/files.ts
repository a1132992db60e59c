import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { readCrds } from './crds.ts';
import { generateReference } from './reference.ts';
import { generateTypes } from './types.ts';

const TYPES = 'src/api/generated';
const REFERENCE = 'docs/reference';
/** The chart has copies of the CRDs, because some ways to copy a repository lose symbolic links. */
const CHART_CRDS = 'charts/overlay-network/files/crds';

/** Rules of the chart's ClusterRoles, as named templates. */
const CHART_RULES = 'charts/overlay-network/templates/_rules.tpl';

/** Folders in which every file is generated. */
export const generatedFolders: readonly string[] = [TYPES, REFERENCE, CHART_CRDS];

/** Every generated file with its formatted text. Paths are relative to `root`, the root folder of the project. */
export async function generateFiles(root: string): Promise<Map<string, string>> {
  return new Map([...(await generateFromCrds(root)), ...(await generateFromRegistry())]);
}

/** The files that follow from crds/ and from the catalogues in src/api. */
export async function generateFromCrds(root: string): Promise<Map<string, string>> {
  const crds = readCrds(join(root, 'crds'));
  const files = new Map<string, string>();
  for (const [name, text] of generateTypes(crds)) files.set(`${TYPES}/${name}`, text);
  for (const [name, text] of generateReference(crds)) files.set(`${REFERENCE}/${name}`, text);
  for (const [path, text] of files) {
    const config = await resolveConfig(join(root, path));
    files.set(path, await format(text, { ...config, filepath: path }));
  }
  for (const name of readdirSync(join(root, 'crds')))
    files.set(`${CHART_CRDS}/${name}`, readFileSync(join(root, 'crds', name), 'utf8'));
  return files;
}

/** The file that follows from the registry of kinds. Loads the registry, which imports the generated types. */
export async function generateFromRegistry(): Promise<Map<string, string>> {
  const { generateChartRules } = await import('./rules.ts');
  return new Map([[CHART_RULES, `${generateChartRules()}\n`]]);
}
