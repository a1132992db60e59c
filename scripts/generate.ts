/**
 * Generates src/api/generated/, docs/reference/, and the chart's CRDs and RBAC rules from crds/, the catalogues in src/api
 * and the registry of kinds.
 * `node scripts/generate.ts` writes the files that differ and removes stale files. With `--check` the script only
 * lists these files, and exits with status 1 if there are any.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFolders, generateFiles } from './generate/files.ts';

const root = join(import.meta.dirname, '..');
const files = await generateFiles(root);
const stale = generatedFolders.flatMap((folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .map((name) => `${folder}/${name}`)
        .filter((path) => !files.has(path))
    : [],
);
const differing = [...files].filter(([path, text]) => {
  const file = join(root, path);
  return !existsSync(file) || readFileSync(file, 'utf8') !== text;
});

if (process.argv.includes('--check')) {
  for (const [path] of differing)
    console.error(`${path} does not match crds/, src/api and src/controllers/kinds.ts.`);
  for (const path of stale) console.error(`${path} is stale: nothing generates this file.`);
  const outdated = differing.length + stale.length > 0;
  if (outdated) console.error('Run `npm run generate` to update the generated files.');
  process.exitCode = outdated ? 1 : 0;
} else {
  for (const [path, text] of differing) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
  for (const path of stale) {
    rmSync(join(root, path));
    console.log(`removed ${path}`);
  }
}
