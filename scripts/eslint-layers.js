/**
 * ESLint rule `layers/imports`: a file imports only from its own layer and from the layers that its layer's entry
 * allows. A layer is a folder or a file, relative to the repository; the longest matching entry counts. An entry such
 * as `src/controllers/*` stands for every subfolder without an entry of its own: each of them is a layer by itself.
 * docs/architecture.md shows the layers.
 */
import { dirname, relative, resolve } from 'node:path';

/** The layer of a path (repository-relative, with `/`); undefined when no entry matches. */
export function layerOf(path, layers) {
  return Object.keys(layers)
    .flatMap((entry) => {
      if (!entry.endsWith('/*')) return path === entry || path.startsWith(`${entry}/`) ? [entry] : [];
      const folder = entry.slice(0, -1);
      const [name, ...rest] = path.startsWith(folder) ? path.slice(folder.length).split('/') : [];
      return rest.length > 0 ? [folder + name] : [];
    })
    .sort((a, b) => b.length - a.length)[0];
}

/** What a layer may import. */
const allowedOf = (layer, layers) => layers[layer] ?? layers[`${dirname(layer)}/*`];

/** Returns the reason why `from` must not import `to` (both repository-relative); undefined when the import is allowed. */
export function importProblem(from, to, layers) {
  const home = layerOf(from, layers);
  const target = layerOf(to, layers);
  if (home === undefined || target === undefined || home === target) return undefined;
  const allowed = allowedOf(home, layers);
  if (allowed.some((entry) => entry === target || fits(to, entry))) return undefined;
  // An entry such as `src/controllers/vpc/index.ts` allows only that file of the layer.
  const entryFiles = allowed.filter((entry) => entry.startsWith(`${target}/`));
  if (entryFiles.length > 0) return `${home} must import ${target} only through ${entryFiles.join(', ')}.`;
  return `${home} must not import ${target}.`;
}

/** Whether a path is the file that an entry names; `*` stands for one folder. */
const fits = (path, entry) =>
  path === entry ||
  (entry.includes('*') && path.split('/').every((part, at) => [part, '*'].includes(entry.split('/')[at])));

const imports = {
  meta: { type: 'problem', schema: [{ type: 'object' }] },
  create(context) {
    const { root, layers } = context.options[0];
    const check = (node, source) => {
      if (source?.type !== 'Literal' || !String(source.value).startsWith('.')) return;
      const from = relative(root, context.filename);
      const to = relative(root, resolve(dirname(context.filename), source.value));
      const message = importProblem(from, to, layers);
      if (message !== undefined) context.report({ node, message: `${message} See docs/architecture.md.` });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
    };
  },
};

export default { rules: { imports } };
