import { describe, expect, it } from '@jest/globals';
import { tenancyOf } from '../../../src/api/index.ts';

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
  ])('returns the default organization and the name of the namespace for %s', (_, labels) => {
    expect(tenancyOf('two-tier', labels)).toEqual({ organization: 'default', project: 'two-tier' });
  });
});
