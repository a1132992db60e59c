import { describe, expect, it } from '@jest/globals';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { reasons, type ReasonEntry } from '../../../src/api/index.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
const headingsOf = (text: string): string[] =>
  [...text.replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
const under = (text: string, heading: string): string[] => {
  const section = text.split(`\n## ${heading}\n`)[1]?.split(/\n## /)[0] ?? '';
  return [...section.matchAll(/^### (.*)$/gm)].map(([, title]) => title!);
};

describe('the documentation', () => {
  it('explains exactly the error codes that exist', () => {
    const codes = Object.values<ReasonEntry>(reasons).flatMap(({ code }) => code ?? []);
    expect(under(read('docs/troubleshooting.md'), 'Error codes').sort()).toEqual(codes.sort());
  });

  it('has a runbook for each alert, in the order of the alerts', () => {
    const { alerts } = parse(read('charts/overlay-network/files/alerts.yaml')) as {
      alerts: { name: string }[];
    };
    expect(under(read('docs/operations.md'), 'Alerts')).toEqual(alerts.map(({ name }) => name));
  });

  it('has no broken link within the project', () => {
    const pages = [
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      ...globSync('docs/**/*.md', { cwd: root }),
    ];
    expect(pages.length).toBeGreaterThan(10);
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
        ([, path = '', anchor]) => {
          const target = path === '' ? page : join(dirname(page), path);
          if (!existsSync(join(root, target))) return [`${page}: ${target}`];
          if (anchor === undefined || !target.endsWith('.md')) return [];
          return headingsOf(read(target)).map(anchorOf).includes(anchor)
            ? []
            : [`${page}: ${target}#${anchor}`];
        },
      ),
    );
    expect(broken).toEqual([]);
  });

  it('names only files of the repository that exist', () => {
    const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })];
    const path = /`((?:src|test|scripts|packages|crds|charts|examples|bench)\/[\w./-]*)`/g;
    const missing = pages.flatMap((page) =>
      [...read(page).matchAll(path)].flatMap(([, named]) =>
        existsSync(join(root, named!)) ? [] : [`${page}: ${named!}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it('links every guide from README.md or CONTRIBUTING.md', () => {
    const guides = globSync('docs/*.md', { cwd: root });
    const listed = read('README.md') + read('CONTRIBUTING.md');
    expect(guides.filter((guide) => !listed.includes(`](${guide})`))).toEqual([]);
  });
});

describe('each kind', () => {
  const kinds = globSync('crds/*.yaml', { cwd: root })
    .map((file) => (parse(read(file)) as { spec: { names: Record<string, string>; scope: string } }).spec)
    .map(({ names, scope }) => ({ kind: names['kind']!, singular: names['singular']!, scope }));

  it.each(kinds)('has a row in the table of README.md: $kind', ({ kind, singular }) => {
    expect(read('README.md')).toContain(`\n| [${kind}](docs/reference/${singular}.md) `);
  });

  it.each(kinds)('has an entry in docs/concepts.md: $kind', ({ kind }) => {
    expect(read('docs/concepts.md')).toMatch(new RegExp(`^- An? \\*\\*\\[${kind}\\]\\(`, 'm'));
  });

  it.each(kinds)('appears in docs/glossary.md: $kind', ({ kind }) => {
    expect(read('docs/glossary.md')).toMatch(new RegExp(`\\b${kind}\\b`));
  });

  it('is deleted by the commands in docs/operations.md that delete everything', () => {
    const text = read('docs/operations.md');
    const [, listed = ''] = /^for kind in (.*); do$/m.exec(text) ?? [];
    const isNamespaced = ({ scope }: { scope: string }) => scope === 'Namespaced';
    expect(listed.split(' ').sort()).toEqual(
      kinds
        .filter(isNamespaced)
        .map(({ singular }) => singular)
        .sort(),
    );
    for (const { singular } of kinds.filter((each) => !isNamespaced(each)))
      expect(text).toContain(`kubectl delete ${singular}.network.plasmavmc.io --all`);
  });
});

describe('docs/glossary.md', () => {
  const terms = [...read('docs/glossary.md').matchAll(/^## (.*)$/gm)].map(([, term]) => term!);

  it('lists each term once, in alphabetical order', () => {
    const sorted = [...new Set(terms)].sort((a, b) => a.localeCompare(b, 'en', { sensitivity: 'base' }));
    expect(terms).toEqual(sorted);
  });
});
