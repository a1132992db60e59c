import { badRequest, invalid, forbiddenValue, requiredValue, unsupportedValue } from '../model/errors.ts';
import type { StatusCause } from '../model/errors.ts';
import { isObject } from '../model/objects.ts';
import { mediaType, parseObject } from '../wire/decode.ts';

/** The parts of an HTTP request that the verbs read. */
export interface ApiRequest {
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly body: Buffer;
  readonly userAgent: string;
}

/** How the server treats unknown and duplicate fields. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** The union of metav1.CreateOptions, UpdateOptions and PatchOptions. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** The manager to record in managedFields: the query's fieldManager, else the User-Agent up to its first slash. */
  readonly manager: string;
  readonly force: boolean;
}

/** metav1.DeleteOptions. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly propagation: 'Background' | 'Foreground' | 'Orphan';
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/**
 * Reads the options of a write from the query.
 *
 * @throws ApiError 422 when an option has an invalid value
 */
export function writeOptions(
  request: ApiRequest,
  verb: 'Create' | 'Update' | 'Patch',
  applying = false,
): WriteOptions {
  const { query } = request;
  const causes: StatusCause[] = [];
  const fieldManager = query.get('fieldManager') ?? '';
  const force = query.get('force');
  if (verb === 'Patch') {
    if (applying && fieldManager === '')
      causes.push(requiredValue('fieldManager', 'is required for apply patch'));
    if (!applying && force !== null)
      causes.push(forbiddenValue('force', 'may not be specified for non-apply patch'));
  }
  if (fieldManager.length > 128) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: 'Too long: may not be more than 128 bytes',
      field: 'fieldManager',
    });
  }
  const dryRun = query.getAll('dryRun');
  causes.push(...dryRunCauses(dryRun));
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation)) {
    causes.push(unsupportedValue('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: `${verb}Options`, name: '' }, causes);
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: (validation === '' ? 'Warn' : validation) as FieldValidation,
    manager: fieldManager === '' ? (request.userAgent.split('/')[0] ?? '').slice(0, 128) : fieldManager,
    force: force === 'true',
  };
}

/**
 * Reads the options of a delete from the body, or from the query when the body is empty.
 *
 * @throws ApiError 400, 415 or 422
 */
export function deleteOptions(request: ApiRequest): DeleteOptions {
  const { query, body } = request;
  let options: Record<string, unknown> = {};
  if (body.length > 0) {
    options = parseObject('DeleteOptions', mediaType(request.contentType), body);
    const { kind, apiVersion } = options;
    if (kind !== undefined && kind !== 'DeleteOptions') {
      const version = typeof apiVersion === 'string' ? apiVersion : 'meta.k8s.io/v1';
      throw badRequest(
        `no kind ${JSON.stringify(kind)} is registered for version "${version}" in scheme "pkg/apis/meta/internalversion/scheme/register.go:27"`,
      );
    }
  } else {
    if (query.has('propagationPolicy')) options['propagationPolicy'] = query.get('propagationPolicy');
    if (query.has('orphanDependents')) options['orphanDependents'] = query.get('orphanDependents') === 'true';
  }
  const dryRun = Array.isArray(options['dryRun'])
    ? (options['dryRun'] as unknown[]).map(String)
    : query.getAll('dryRun');
  const causes = dryRunCauses(dryRun);
  const policy =
    options['propagationPolicy'] ?? (options['orphanDependents'] === true ? 'Orphan' : 'Background');
  if (policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan') {
    causes.push(unsupportedValue('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  }
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions', name: '' }, causes);
  const preconditions = isObject(options['preconditions']) ? options['preconditions'] : {};
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  return {
    dryRun: dryRun.length > 0,
    propagation: policy as DeleteOptions['propagation'],
    uid: text(preconditions['uid']),
    resourceVersion: text(preconditions['resourceVersion']),
  };
}

function dryRunCauses(dryRun: readonly string[]): StatusCause[] {
  return dryRun.every((value) => value === 'All') ? [] : [unsupportedValue('dryRun', [...dryRun], ['All'])];
}
