import { describe, expect, it } from '@jest/globals';
import { resourcePath, withQuery } from '../../../../src/reconcile/client/paths.ts';
import { widgetType } from '../../../support/reconcile/widget.ts';

const core = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };

describe('resourcePath and withQuery', () => {
  it.each([
    [resourcePath(widgetType, {}), '/apis/test.example.org/v1/widgets'],
    [resourcePath(widgetType, { namespace: 'a' }), '/apis/test.example.org/v1/namespaces/a/widgets'],
    [
      resourcePath(widgetType, { namespace: 'a', name: 'b.c' }, 'status'),
      '/apis/test.example.org/v1/namespaces/a/widgets/b.c/status',
    ],
    [resourcePath(core, { name: 'a' }), '/api/v1/namespaces/a'],
    [withQuery('/x', { limit: 5, continue: 'a b&c', none: undefined }), '/x?limit=5&continue=a%20b%26c'],
    [withQuery('/x', {}), '/x'],
  ])('build %s', (path, expected) => expect(path).toBe(expected));

  it.each(['', '.', '..', '../../api', 'a/b', 'a%2fb'])('reject the invalid name %j', (name) => {
    expect(() => resourcePath(widgetType, { namespace: 'a', name })).toThrow('is not a valid object name');
    expect(() => resourcePath(widgetType, { namespace: name, name: 'a' })).toThrow(
      'is not a valid object name',
    );
  });

  it('encode special characters in names', () => {
    expect(resourcePath(widgetType, { namespace: 'a', name: 'b c?d' })).toContain('/b%20c%3Fd');
  });
});
