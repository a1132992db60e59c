import { describe, expect, it } from '@jest/globals';
import { tenancyOf } from '../../../src/api/index.ts';

describe('the tenant of a namespace', () => {
  it('is named by its labels', () => {
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
  ])('is the default organization and its own name with %s', (_, labels) => {
    expect(tenancyOf('two-tier', labels)).toEqual({ organization: 'default', project: 'two-tier' });
  });
});
