/** The objects of examples/. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readManifests } from '../../../src/dev/manifests.ts';
import type { NewObject } from '../../../src/reconcile/index.ts';
import { partner } from './peered-project.ts';

const folder = join(import.meta.dirname, '../../../examples');

/** The files of examples/ and its folders, without files of other projects' kinds. */
export const exampleFiles: readonly string[] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml') && !file.startsWith('argocd'))
  .sort();

/** The objects of one file. */
export const example = (file: string): NewObject[] => readManifests(readFileSync(join(folder, file), 'utf8'));

/** The objects of all files and of a peered project. They include every kind. Gateways need `addGatewayChassis`. */
export const everything = (): NewObject[] => [...exampleFiles.flatMap(example), ...readManifests(partner)];
