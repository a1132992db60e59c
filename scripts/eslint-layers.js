/**
 * ESLint rule `layers/imports`: a file imports only from its own layer and from the layers that its layer's entry
 * allows. A layer is a folder, relative to the repository; the longest matching entry counts.
 * docs/architecture.md shows the layers.
 */
import { dirname, relative, resolve } from 'node:path';

/** Layer of a path (repository-relative, with `/`): the longest key that is the path or a folder above it. */
export function layerOf(path, layers) {
  return Object.keys(layers)
    .filter((layer) => path === layer || path.startsWith(`${layer}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Returns the reason why `from` must not import `to` (both repository-relative); undefined when the import is allowed. */
export function importProblem(from, to, layers) {
  const home = layerOf(from, layers);
  const target = layerOf(to, layers);
  if (home === undefined || target === undefined || home === target) return undefined;
  const allowed = layers[home];
  const entry = allowed.find((each) => each === target || each === to);
  if (entry !== undefined) return undefined;
  // An entry such as `src/controllers/vpc/index.ts` allows only that file of the layer.
  const entryFiles = allowed.filter((each) => each.startsWith(`${target}/`));
  if (entryFiles.length > 0) return `${home} must import ${target} only through ${entryFiles.join(', ')}.`;
  return `${home} must not import ${target}.`;
}

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
