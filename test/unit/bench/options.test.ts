import { describe, expect, it } from '@jest/globals';
import { parseOptions, UsageError } from '../../../bench/options.ts';

const parse = (text: string, env: Record<string, string> = {}) =>
  parseOptions(text === '' ? [] : text.split(' '), env);

describe('the options of the benchmark', () => {
  it('default to every scenario and the embedded API server', () => {
    expect(parse('')).toMatchObject({
      scenarios: [
        ...['latency', 'bulk', 'restart', 'resync', 'sg-rule', 'sg-join'],
        ...['beside-nat-rules', 'beside-ports', 'beside-group', 'beside-invalid-subnets'],
      ],
      ports: 200,
      rounds: 3,
      api: 'embedded',
      json: false,
    });
  });

  it('default to the real API server when KUBEBUILDER_ASSETS is set, unless --api selects another', () => {
    expect(parse('', { KUBEBUILDER_ASSETS: '/assets' }).api).toBe('real');
    expect(parse('--api embedded', { KUBEBUILDER_ASSETS: '/assets' }).api).toBe('embedded');
  });

  it('keep the order of several scenarios', () => {
    expect(parse('--scenario restart --scenario bulk --ports 10000 --json')).toMatchObject({
      scenarios: ['restart', 'bulk'],
      ports: 10_000,
      json: true,
    });
  });

  it.each([
    ['--scenario speed', /--scenario must be one of latency, .*, sg-join, beside-nat-rules, .*, not speed/],
    ['--ports 0', /--ports must be a whole number from 1 to 65000, not 0/],
    ['--ports 1e3', /--ports .* not 1e3/],
    ['--noise 10001', /--noise must be a whole number from 0 to 10000, not 10001/],
    ['--rounds 0', /--rounds must be a whole number/],
    ['--api fake', /--api must be embedded or real, not fake/],
    ['--api real', /needs KUBEBUILDER_ASSETS/],
    ['--frobnicate', /frobnicate/],
    ['bulk', /bulk/],
  ])('are rejected for %s', (text, message) => {
    expect(() => parse(text)).toThrow(UsageError);
    expect(() => parse(text)).toThrow(message);
  });
});
