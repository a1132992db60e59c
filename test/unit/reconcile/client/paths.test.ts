import { describe, expect, it } from '@jest/globals';
import { resourcePath, withQuery } from '../../../../src/reconcile/client/paths.ts';
import { widgetType } from '../../../support/reconcile/widget.ts';

const core = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };

describe('paths', () => {
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
  ])('%s', (path, expected) => expect(path).toBe(expected));

  it.each(['', '.', '..', '../../api', 'a/b', 'a%2fb'])(
    'lead nowhere else by a name that a user wrote: %j',
    (name) => {
      expect(() => resourcePath(widgetType, { namespace: 'a', name })).toThrow('not a name of an object');
      expect(() => resourcePath(widgetType, { namespace: name, name: 'a' })).toThrow(
        'not a name of an object',
      );
    },
  );

  it('quote what is odd but allowed', () => {
    expect(resourcePath(widgetType, { namespace: 'a', name: 'b c?d' })).toContain('/b%20c%3Fd');
  });
});
