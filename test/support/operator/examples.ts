/** The objects in examples/. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readManifests } from '../../../src/dev/manifests.ts';
import type { NewObject } from '../../../src/reconcile/index.ts';

const folder = join(import.meta.dirname, '../../../examples');

/** The files in examples/. */
export const exampleFiles: readonly string[] = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

/** The objects of one of them. */
export const example = (file: string): NewObject[] => readManifests(readFileSync(join(folder, file), 'utf8'));
