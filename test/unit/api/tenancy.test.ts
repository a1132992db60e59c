import { describe, expect, it } from '@jest/globals';
import { organizationKey, tenancyOf } from '../../../src/api/index.ts';

describe('tenancyOf', () => {
  it('returns the organization and project of the labels', () => {
    const labels = {
      'network.plasmavmc.io/organization': 'acme',
      'network.plasmavmc.io/project': 'shop',
    };
    expect(tenancyOf('two-tier', labels)).toEqual({ organization: 'acme', project: 'shop' });
  });

  it.each([
    ['no labels', undefined],
    ['other labels', { team: 'x' }],
    ['empty labels', { 'network.plasmavmc.io/organization': '', 'network.plasmavmc.io/project': '' }],
  ])('returns no organization and the name of the namespace for %s', (_, labels) => {
    expect(tenancyOf('two-tier', labels)).toEqual({ organization: undefined, project: 'two-tier' });
  });
});

describe('organizationKey', () => {
  const acme = { 'network.plasmavmc.io/organization': 'acme' };

  it('is equal for namespaces of one organization', () => {
    expect(organizationKey('a', acme)).toBe(organizationKey('b', acme));
  });

  it('is different for namespaces without an organization', () => {
    expect(organizationKey('a')).not.toBe(organizationKey('b', {}));
  });

  it('is different for an organization and for a namespace with its name', () => {
    expect(organizationKey('acme')).not.toBe(organizationKey('b', acme));
  });
});
