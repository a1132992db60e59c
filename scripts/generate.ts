/**
 * Makes src/api/generated.ts, docs/reference/ and the chart's CRDs from crds/ and the catalogues in src/api.
 * `node scripts/generate.ts` writes the files that differ; with `--check` it names them and ends with 1 instead.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHART_CRDS, generateFiles, REFERENCE } from './generate/files.ts';

const root = join(import.meta.dirname, '..');
const files = await generateFiles(root);
const stale = [REFERENCE, CHART_CRDS].flatMap((folder) =>
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
  const paths = [...differing.map(([path]) => path), ...stale];
  for (const path of paths) console.error(`${path} is not what crds/ and src/api say`);
  if (paths.length > 0) console.error('Run: node scripts/generate.ts');
  process.exitCode = paths.length > 0 ? 1 : 0;
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
