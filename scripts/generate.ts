/**
 * Generates src/api/generated/, docs/reference/, and the chart's CRDs and RBAC rules from crds/, the catalogues in src/api
 * and the registry of kinds.
 * `node scripts/generate.ts` writes the files that differ and removes stale files. With `--check` the script only
 * lists these files, and exits with status 1 if there are any.
 *
 * The script generates the RBAC rules last, because the registry of kinds imports the generated types: a module of a
 * new kind cannot be loaded before the types contain the kind.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateFromCrds, generateFromRegistry, generatedFolders } from './generate/files.ts';

const root = join(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');
const files = await generateFromCrds(root);
const stale = generatedFolders.flatMap((folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .map((name) => `${folder}/${name}`)
        .filter((path) => !files.has(path))
    : [],
);

let isOutdated = update(files);
for (const path of stale) {
  isOutdated = true;
  if (isCheck) console.error(`${path} is stale: nothing generates this file.`);
  else {
    rmSync(join(root, path));
    console.log(`removed ${path}`);
  }
}
if (!isCheck || !isOutdated) isOutdated = update(await generateFromRegistry());
if (isCheck && isOutdated) {
  console.error('Run `npm run generate` to update the generated files.');
  process.exitCode = 1;
}

/** Writes the files that differ, or lists them in a check. Returns whether a file differed. */
function update(wanted: ReadonlyMap<string, string>): boolean {
  const differing = [...wanted].filter(([path, text]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  for (const [path, text] of differing) {
    if (isCheck) console.error(`${path} does not match crds/, src/api and src/controllers/kinds.ts.`);
    else {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      console.log(`wrote ${path}`);
    }
  }
  return differing.length > 0;
}
