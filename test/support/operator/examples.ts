/** The objects in examples/. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readManifests } from '../../../src/dev/manifests.ts';
import type { NewObject } from '../../../src/reconcile/index.ts';
import { partner } from './partner.ts';

const folder = join(import.meta.dirname, '../../../examples');

/** The files in examples/ and the folders in it, but for those that are not of this project's kinds. */
export const exampleFiles: readonly string[] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml') && !file.startsWith('argocd'))
  .sort();

/** The objects of one of them. */
export const example = (file: string): NewObject[] => readManifests(readFileSync(join(folder, file), 'utf8'));

/** All of them, and a peering: every kind. Gateways need the chassis of `addGatewayChassis`. */
export const everything = (): NewObject[] => [...exampleFiles.flatMap(example), ...readManifests(partner)];
