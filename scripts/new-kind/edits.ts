import type { Given } from './arguments.ts';
import { ScaffoldError } from './error.ts';

/** A change of an existing file. */
export interface Edit {
  readonly file: string;
  /**
   * The file's text with the new kind, not yet formatted.
   *
   * @throws ScaffoldError when the file does not look as expected
   */
  readonly edit: (text: string) => string;
}

/** The changes that add a kind to the lists of kinds that are not derived from the registry or from crds/. */
export function edits(given: Given): readonly Edit[] {
  return [...codeEdits(given), ...documentEdits(given)];
}

function codeEdits({ kind, singular, camel }: Given): readonly Edit[] {
  return [
    inFile('src/controllers/kinds.ts', (at) =>
      at
        .before(/^import \{ vpc \} from /m, `import { ${camel} } from './${singular}/index.ts';\n`)
        .before(/^\} satisfies /m, `  ${kind}: ${camel},\n`),
    ),
    inFile('scripts/generate/crds.ts', (at) => at.before(/^ {2}'ExternalNetwork',\n\];/m, `  '${kind}',\n`)),
    inFile('scripts/layers.js', (at) =>
      at.before(
        /^ {2}'src\/controllers\/kinds\.ts':/m,
        `  'src/controllers/${singular}': [...kind, 'src/controllers/vpc/index.ts'],\n`,
      ),
    ),
  ];
}

function documentEdits({ kind, singular, description }: Given): readonly Edit[] {
  const purpose = description.slice(kind.length + 1, -1);
  return [
    inFile('docs/architecture.md', (at) =>
      at.before(
        /^\| `src\/controllers\/kinds\.ts`/m,
        `| \`src/controllers/${singular}\` | the kind ${kind} | everything that \`src/controllers/*\` may import, \`src/controllers/vpc/index.ts\` |\n`,
      ),
    ),
    inFile('README.md', (at) =>
      at.before(/^\| \[ExternalNetwork\]/m, `| [${kind}](docs/reference/${singular}.md) | ${purpose} |\n`),
    ),
    inFile('docs/concepts.md', (at) =>
      at.before(
        /^\nThe \[reference\]\(reference\/README\.md\)/m,
        `- ${/^[AEIO]/.test(kind) ? 'An' : 'A'} **[${kind}](glossary.md#${singular})** ${purpose}.\n`,
      ),
    ),
    inFile('docs/operations.md', (at) => at.after(/^for kind in /m, `${singular} `)),
    inFile('CHANGELOG.md', (at) => at.before(/^\n### Changed/m, `- The kind ${kind}, which ${purpose}.\n`)),
    { file: 'docs/glossary.md', edit: (text) => withTerm(text, kind, `A [kind](#kind) that ${purpose}.`) },
  ];
}

/** Inserts a term of the glossary at its place in the alphabet. A term that exists stays as it is. */
function withTerm(text: string, term: string, definition: string): string {
  const sections = text.split(/^(?=## )/m);
  const titleOf = (section: string): string => /^## (.*)/.exec(section)?.[1] ?? '';
  if (sections.some((section) => titleOf(section) === term)) return text;
  const isLater = (section: string): boolean =>
    section.startsWith('## ') && titleOf(section).localeCompare(term, 'en', { sensitivity: 'base' }) > 0;
  const at = sections.findIndex(isLater);
  const before = at === -1 ? sections.length : at;
  const separated = at === -1 ? `\n## ${term}\n\n${definition}\n` : `## ${term}\n\n${definition}\n\n`;
  return sections.toSpliced(before, 0, separated).join('');
}

/** A text with insertions. */
class Insertions {
  readonly text: string;
  readonly #file: string;

  constructor(file: string, text: string) {
    this.#file = file;
    this.text = text;
  }

  /** Inserts before the only match of `pattern`. */
  before(pattern: RegExp, inserted: string): Insertions {
    return this.#at(pattern, ({ index }) => index, inserted);
  }

  /** Inserts behind the only match of `pattern`. */
  after(pattern: RegExp, inserted: string): Insertions {
    return this.#at(pattern, ({ index, 0: match }) => index + match.length, inserted);
  }

  #at(pattern: RegExp, place: (match: RegExpExecArray) => number, inserted: string): Insertions {
    const [match, ...more] = this.text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`));
    if (match === undefined || more.length > 0) {
      throw new ScaffoldError(
        `${this.#file} must contain the pattern ${String(pattern)} exactly once; the scaffold inserts the kind there. Update scripts/new-kind/edits.ts.`,
      );
    }
    const at = place(match);
    return new Insertions(this.#file, this.text.slice(0, at) + inserted + this.text.slice(at));
  }
}

const inFile = (file: string, change: (insertions: Insertions) => Insertions): Edit => ({
  file,
  edit: (text) => change(new Insertions(file, text)).text,
});
