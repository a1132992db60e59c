import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from '../../../scripts/new-kind/arguments.ts';
import { checkCollisions } from '../../../scripts/new-kind/collisions.ts';
import { crdText } from '../../../scripts/new-kind/crd.ts';
import { edits } from '../../../scripts/new-kind/edits.ts';
import { exampleText } from '../../../scripts/new-kind/example.ts';
import { namesOf } from '../../../scripts/new-kind/names.ts';
import { resources } from '../../../src/api/index.ts';
import { exampleFiles } from '../../support/operator/examples.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the names of a new kind', () => {
  it.each([
    ['LoadBalancer', 'loadbalancers', 'olb', 'loadBalancer', 'LoadBalancer', 'load-balancer'],
    ['Route', 'routes', 'orout', 'route', 'Route', 'route'],
    ['DNSZone', 'dnszones', 'odz', 'dnsZone', 'DnsZone', 'dns-zone'],
    ['ElasticIP', 'elasticips', 'oei', 'elasticIp', 'ElasticIp', 'elastic-ip'],
    ['MirrorPolicy', 'mirrorpolicies', 'omp', 'mirrorPolicy', 'MirrorPolicy', 'mirror-policy'],
    ['Switch', 'switches', 'oswit', undefined, 'Switch', 'switch'],
    ['Gateway', 'gateways', 'ogate', 'gateway', 'Gateway', 'gateway'],
  ])('of %s are derived', (kind, plural, shortName, camel, pascal, kebab) => {
    if (camel === undefined) expect(() => namesOf(kind)).toThrow(/reserved/);
    else
      expect(namesOf(kind)).toEqual({
        kind,
        singular: kind.toLowerCase(),
        plural,
        shortName,
        camel,
        pascal,
        kebab,
      });
  });

  it.each(['', 'A', 'route', 'load-balancer', 'Load Balancer', '../Route', 'Ünicode', 'R'.repeat(51)])(
    'are refused when they are not CamelCase: %j',
    (kind) => expect(() => namesOf(kind)).toThrow(/is not a name for a kind; use CamelCase/),
  );

  it.each(['Class', 'Map', 'Error', 'Readonly', 'Namespace', 'RouteList'])(
    'are refused when TypeScript or Kubernetes uses them: %s',
    (kind) => expect(() => namesOf(kind)).toThrow(/choose another name/),
  );

  it.each(['Routes', 'route', 'r', 'my-routes', '9routes'])('are refused with the plural %s', (plural) => {
    expect(() => namesOf('Route', { plural })).toThrow(/is not a plural for the API/);
  });

  it.each(['rt', 'o', 'oRt', 'o-rt'])('are refused with the short name %s', (shortName) => {
    expect(() => namesOf('Route', { shortName })).toThrow(/is not a short name/);
  });
});

describe('a collision of a new kind', () => {
  const check = (kind: string, options = {}) => checkCollisions(root, namesOf(kind, options), []);

  it.each(Object.keys(resources))('is found with the kind %s', (kind) => {
    expect(() => check(kind)).toThrow(`The kind ${kind} already exists; choose another name.`);
  });

  it.each([
    ['Vpc', {}, 'The kind VPC already exists; choose another name.'],
    ['Ports', {}, 'The kind Port already uses the name "ports"; choose another name than Ports.'],
    [
      'Route',
      { plural: 'vpcs' },
      'The kind VPC already uses the name "vpcs"; choose another plural with --plural.',
    ],
    [
      'Route',
      { shortName: 'osub' },
      'The kind Subnet already uses the name "osub"; choose another short name with --short-name.',
    ],
    ['Condition', {}, 'src/api/generated/common.ts already exports "Condition"; choose another name.'],
    ['Common', {}, 'src/controllers/common already exists; choose another name.'],
  ])('is found for %s %j', (kind, options, message) => {
    expect(() => check(kind, options)).toThrow(message);
  });

  it('is not found for an unused name', () => {
    expect(() => check('TemporaryRoute')).not.toThrow();
  });
});

describe('the command line of the scaffold', () => {
  it('requires exactly one name and known options', () => {
    for (const args of [[], ['Route', 'Other'], ['Route', '--unknown']])
      expect(() => readArguments(args)).toThrow(/Usage: npm run new-kind/);
    expect(readArguments(['--help'])).toBe('help');
  });

  it('accepts a plural, a short name and a description', () => {
    const args = [
      'Route',
      '--plural',
      'routez',
      '--short-name',
      'ort',
      '--description',
      'Route sends packets.',
    ];
    expect(readArguments(args)).toMatchObject({
      plural: 'routez',
      shortName: 'ort',
      description: 'Route sends packets.',
    });
  });

  it.each(['Sends packets.', 'Route sends packets', 'Route sends | packets.', 'Route sends\npackets.'])(
    'refuses the description %j',
    (description) =>
      expect(() => readArguments(['Route', '--description', description])).toThrow(/The description must/),
  );
});

describe('the edits of the scaffold', () => {
  const given = { ...namesOf('TemporaryRoute'), description: 'TemporaryRoute sends packets.' };

  it.each(edits(given))('fit into $file and name the kind', ({ file, edit }) => {
    const text = read(file);
    const edited = edit(text);
    expect(edited.length).toBeGreaterThan(text.length);
    expect(edited).toMatch(/TemporaryRoute|temporaryroute/);
  });

  it('are refused when the file does not contain the expected line', () => {
    for (const { file, edit } of edits(given).filter((each) => each.file !== 'docs/glossary.md'))
      expect(() => edit('something else')).toThrow(`${file} must contain the pattern`);
  });

  it('add a term to the glossary once', () => {
    const glossary = edits(given).find(({ file }) => file === 'docs/glossary.md')!;
    const once = glossary.edit(read(glossary.file));
    expect(glossary.edit(once)).toBe(once);
  });

  it('come with an example whose VPC overlaps no VPC of another example', () => {
    const [, range = ''] = /cidr: (10\.\d+\.)/.exec(exampleText(root, given)) ?? [];
    expect(range).not.toBe('');
    for (const file of exampleFiles) expect(read(join('examples', file))).not.toContain(` ${range}`);
  });

  it('come with a CRD that has the standard conditions', () => {
    const text = crdText(root, given);
    expect(text).toContain('lastTransitionTime');
    expect(text).toContain('portGroupName');
  });
});

describe('docs/adding-a-kind.md', () => {
  const text = read('docs/adding-a-kind.md');
  const [, steps = ''] = text.split('\n## Edits that remain\n');

  it('lists at most eight manual edits', () => {
    const numbers = [...steps.split('\n## ')[0]!.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8].slice(0, numbers.length));
    expect(numbers.length).toBeGreaterThan(0);
  });

  it('names every file that the scaffold edits', () => {
    const files = edits({ ...namesOf('TemporaryRoute'), description: '' }).map(({ file }) => file);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(files.filter((file) => !text.includes(file))).toEqual([]);
  });
});
