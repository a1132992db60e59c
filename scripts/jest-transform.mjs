// Jest's only transform: Node itself strips the types (positions stay, so no source map is needed).
import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';
import { dirname } from 'node:path';

export default {
  // Jest 29 gives a module no import.meta.dirname and no import.meta.filename, so they are written in.
  process: (source, path) => ({
    code: stripTypeScriptTypes(source)
      .replace(/\bimport\.meta\.dirname\b/g, () => JSON.stringify(dirname(path)))
      .replace(/\bimport\.meta\.filename\b/g, () => JSON.stringify(path)),
  }),
  getCacheKey: (source, path) =>
    createHash('sha256').update(`${process.version} 2 ${path} `).update(source).digest('hex'),
};
