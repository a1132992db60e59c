import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { API_VERSION } from '../../../src/api/index.ts';

const folder = join(import.meta.dirname, '../../../examples/argocd');
const interpreter = ['lua5.4', 'lua5.3', 'lua5.1', 'lua', 'luajit'].find(
  (name) => spawnSync(name, ['-v'], { stdio: 'ignore' }).status === 0,
);

const values = parse(readFileSync(join(folder, 'values.yaml'), 'utf8')) as {
  configs: { cm: { 'resource.customizations': string } };
};
const customizations = parse(values.configs.cm['resource.customizations']) as Record<
  string,
  { 'health.lua': string }
>;
const script = customizations['network.plasmavmc.io/*']!['health.lua'];

/** The object as a Lua expression. Argo CD passes it to a script as `obj`. */
function lua(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(lua).join(', ')}}`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, member]) => `[${JSON.stringify(key)}] = ${lua(member)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}

function healthOf(object: object): { status: string; message: string } {
  const program = `obj = ${lua(object)}\nlocal health = (function()\n${script}\nend)()\nio.write(health.status, "\\n", health.message or "")`;
  const { status, stdout, stderr } = spawnSync(interpreter!, ['-'], { input: program, encoding: 'utf8' });
  if (status !== 0) throw new Error(`lua failed: ${stderr}`);
  const [health = '', message = ''] = stdout.split('\n');
  return { status: health, message };
}

const condition = (type: string, status: string, reason: string, observedGeneration = 2) => ({
  type,
  status,
  reason,
  message: `${reason}.`,
  observedGeneration,
});
const object = (...conditions: object[]) => ({
  apiVersion: API_VERSION,
  kind: 'Port',
  metadata: { name: 'web', generation: 2 },
  status: { conditions },
});

(interpreter === undefined ? describe.skip : describe)(
  interpreter === undefined
    ? "Argo CD's health check (no Lua interpreter, such as Debian's lua5.4, is installed)"
    : "Argo CD's health check",
  () => {
    it.each([
      ['is Healthy when Ready', object(condition('Ready', 'True', 'Ready')), 'Healthy', 'Ready.'],
      [
        'is Progressing while the object waits for another object',
        object(condition('Ready', 'False', 'SubnetNotFound')),
        'Progressing',
        'SubnetNotFound: SubnetNotFound.',
      ],
      [
        'is Degraded when a user must change the object',
        object(condition('Ready', 'False', 'CIDROverlap'), condition('Stalled', 'True', 'CIDROverlap')),
        'Degraded',
        'CIDROverlap: CIDROverlap.',
      ],
      [
        'is Progressing when the condition is of an older generation',
        object(condition('Ready', 'True', 'Ready', 1)),
        'Progressing',
        'The operator has not reported a status yet.',
      ],
      [
        'ignores a failure of an older generation',
        object(condition('Ready', 'False', 'CIDROverlap', 1), condition('Stalled', 'True', 'CIDROverlap', 1)),
        'Progressing',
        'The operator has not reported a status yet.',
      ],
      [
        'is Progressing before the object has a status',
        { apiVersion: API_VERSION, kind: 'VPC', metadata: { name: 'a', generation: 1 } },
        'Progressing',
        'The operator has not reported a status yet.',
      ],
      [
        'is Progressing while the object is being deleted',
        {
          ...object(condition('Ready', 'True', 'Ready')),
          metadata: { name: 'web', generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z' },
        },
        'Progressing',
        'The object is being deleted.',
      ],
    ])('%s', (_, given, status, message) => {
      expect(healthOf(given)).toEqual({ status, message });
    });
  },
);

describe("Argo CD's Application", () => {
  it('uses server-side apply, so that fields have owners', () => {
    const application = parse(readFileSync(join(folder, 'application.yaml'), 'utf8')) as object;
    expect(application).toMatchObject({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      spec: { syncPolicy: { syncOptions: expect.arrayContaining(['ServerSideApply=true']) } },
    });
  });
});
