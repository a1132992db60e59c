/** One cause in the details of a Status (metav1.StatusCause). */
export interface StatusCause {
  reason: string;
  message: string;
  /** Undefined when the cause concerns no specific field. */
  field?: string;
}

/** The metav1.Status of a failure, as the server sends it. */
export interface FailureStatus {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Failure';
  message: string;
  reason?: string;
  details?: StatusDetails;
  code: number;
}

/** metav1.StatusDetails. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** The object of an error, in the notation of the error messages. */
export interface Subject {
  group: string;
  /**
   * The plural resource name or the kind. Error messages of a real server contain either, depending on the
   * error.
   */
  kind: string;
  name: string;
}

/**
 * An error answer of the API. `code` is the HTTP status. The other properties are the content of the
 * metav1.Status. The functions below produce the reasons and messages of apimachinery's api/errors, because
 * clients match them.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** Returns the Status object of the answer. */
  toStatus(): FailureStatus {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** Returns "kind.group", or "kind" for the core group. */
export function qualified(subject: { group: string; kind: string }): string {
  return subject.group === '' ? subject.kind : `${subject.kind}.${subject.group}`;
}

function detailsOf(subject: Subject): StatusDetails {
  return {
    ...(subject.name === '' ? {} : { name: subject.name }),
    ...(subject.group === '' ? {} : { group: subject.group }),
    kind: subject.kind,
  };
}

/** 404: the object does not exist. */
export function notFound(subject: Subject): ApiError {
  return new ApiError(
    404,
    'NotFound',
    `${qualified(subject)} "${subject.name}" not found`,
    detailsOf(subject),
  );
}

/** 409: an object of this name already exists. */
export function alreadyExists(subject: Subject): ApiError {
  const message = `${qualified(subject)} "${subject.name}" already exists`;
  return new ApiError(409, 'AlreadyExists', message, detailsOf(subject));
}

/** 409: the write is based on an outdated state. */
export function conflict(subject: Subject, why = modified): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name}": ${why}`;
  return new ApiError(409, 'Conflict', message, detailsOf(subject));
}
const modified =
  'the object has been modified; please apply your changes to the latest version and try again';

/** 422: the object or an option of the request is invalid. Each cause names a field. */
export function invalid(subject: Subject, causes: readonly StatusCause[]): ApiError {
  const lines = [
    ...new Set(
      causes.map((cause) => (cause.field === undefined ? cause.message : `${cause.field}: ${cause.message}`)),
    ),
  ];
  const list = lines.length === 1 ? (lines[0] ?? '') : `[${lines.join(', ')}]`;
  const message = `${qualified(subject)} "${subject.name}" is invalid${lines.length === 0 ? '' : `: ${list}`}`;
  return new ApiError(422, 'Invalid', message, { ...detailsOf(subject), causes: [...causes] });
}

/** 400: the server cannot interpret the request. */
export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

/** 403: the server rejects the request. */
export function forbidden(subject: Subject, why: string, causes?: readonly StatusCause[]): ApiError {
  const details = causes === undefined ? detailsOf(subject) : { ...detailsOf(subject), causes: [...causes] };
  const named = subject.name === '' ? qualified(subject) : `${qualified(subject)} "${subject.name}"`;
  return new ApiError(403, 'Forbidden', `${named} is forbidden: ${why}`, details);
}

/** 405: the resource does not support the method. */
export function methodNotAllowed(): ApiError {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiError(405, 'MethodNotAllowed', message, {});
}

/**
 * 410: the server no longer has the history that a watch or a continued list needs. The client must list
 * again.
 */
export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message);
}

/** 415: the resource does not accept the format of the body. */
export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new ApiError(415, 'UnsupportedMediaType', message);
}

/** 406: the server offers none of the formats that the client accepts. */
export function notAcceptable(offered: readonly string[]): ApiError {
  return new ApiError(
    406,
    'NotAcceptable',
    `only the following media types are accepted: ${offered.join(', ')}`,
  );
}

/** 504: the requested resourceVersion is newer than the newest state. */
export function resourceVersionTooLarge(asked: number, current: number): ApiError {
  return new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** Returns the cause for an invalid value. `value` is formatted as Go does. */
export function invalidValue(field: string, value: unknown, why: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown(value)}: ${why}`, field };
}

/** Returns the cause for a value that is not in an enumeration. */
export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): StatusCause {
  const list = supported.map((item) => JSON.stringify(item)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${shown(value)}: supported values: ${list}`,
    field,
  };
}

/** Returns the cause for a missing value. */
export function requiredValue(field: string, why: string): StatusCause {
  return { reason: 'FieldValueRequired', message: `Required value${why === '' ? '' : `: ${why}`}`, field };
}

/** Returns the cause for a value that is not allowed. */
export function forbiddenValue(field: string, why: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(',')}]`;
  return value === undefined ? 'null' : JSON.stringify(value);
}
