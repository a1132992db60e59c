// Jest's only transform: Node strips the types. Positions do not change, so no source map is needed.
import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';
import { dirname } from 'node:path';

export default {
  // Jest 29 does not define import.meta.dirname and import.meta.filename, so the transform inserts their values.
  process: (source, path) => ({
    code: stripTypeScriptTypes(source)
      .replace(/\bimport\.meta\.dirname\b/g, () => JSON.stringify(dirname(path)))
      .replace(/\bimport\.meta\.filename\b/g, () => JSON.stringify(path)),
  }),
  getCacheKey: (source, path) =>
    createHash('sha256').update(`${process.version} 2 ${path} `).update(source).digest('hex'),
};
