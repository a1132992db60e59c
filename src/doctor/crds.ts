import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { NewObject } from '../reconcile/index.ts';

/** The folder of the CustomResourceDefinitions. The relative path is the same in the sources and in a build. */
export const CRD_FOLDER = join(import.meta.dirname, '../../crds');

/** A CustomResourceDefinition in crds/. */
export interface CustomResourceDefinition extends NewObject {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly storage: boolean }[];
  };
}

/**
 * Reads the CustomResourceDefinitions of this version.
 *
 * @throws the error of node:fs when the folder is not readable
 */
export function readCrds(): CustomResourceDefinition[] {
  return readdirSync(CRD_FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => parse(readFileSync(join(CRD_FOLDER, file), 'utf8')) as CustomResourceDefinition);
}
