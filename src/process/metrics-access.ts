import { createHash } from 'node:crypto';
import { type Clock, type Logger, errorFields, realClock } from '../base/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../reconcile/index.ts';

/** The HTTP status of a refusal: no valid token, no permission, or no answer of the API server. */
type Refusal = 401 | 403 | 503;

/** Decides whether the client with this header `Authorization` may read the metrics: 200, or the refusal. */
export type MetricsAccess = (authorization: string | undefined) => Promise<200 | Refusal>;

/** How long a decision is valid without a new request, in ms. */
const DECISION_TTL_MS = 60_000;
/** The largest number of remembered decisions. */
const MAX_DECISIONS = 100;
/** The largest number of requests to the API server at the same time. Anyone can send tokens. */
const MAX_CHECKS = 4;
const TIMEOUT_MS = 5_000;

const tokenReviewType: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};
const accessReviewType: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};

interface User {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
interface TokenReview extends KubeObject {
  readonly status?: { readonly authenticated?: boolean; readonly user?: User };
}
interface AccessReview extends KubeObject {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean };
}

/**
 * Lets the API server decide who may read the metrics, as the secure metrics of controller-runtime do. The client sends
 * a bearer token. A TokenReview names the user, and a SubjectAccessReview decides whether RBAC allows the user `get` on
 * the path `/metrics`. Without an answer of the API server, nobody may read the metrics.
 */
export function kubernetesAccess(
  client: Pick<KubeClient, 'create'>,
  log: Logger,
  clock: Pick<Clock, 'now'> = realClock,
): MetricsAccess {
  /** By the hash of the token, so that the memory contains no tokens. */
  const decisions = new Map<string, { readonly status: 200 | 401 | 403; readonly until: number }>();
  let checks = 0;
  return async (authorization) => {
    const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return 401;
    const key = createHash('sha256').update(token).digest('base64');
    const known = decisions.get(key);
    if (known !== undefined && clock.now() < known.until) return known.status;
    if (checks >= MAX_CHECKS) return 503;
    checks++;
    try {
      const status = await review(client, token);
      decisions.delete(key);
      const [oldest] = decisions.keys();
      if (decisions.size >= MAX_DECISIONS && oldest !== undefined) decisions.delete(oldest);
      decisions.set(key, { status, until: clock.now() + DECISION_TTL_MS });
      return status;
    } catch (error) {
      log.warn('cannot check who requests the metrics, so the request is refused', errorFields(error));
      return 503;
    } finally {
      checks--;
    }
  };
}

async function review(client: Pick<KubeClient, 'create'>, token: string): Promise<200 | 401 | 403> {
  const options = { timeoutMs: TIMEOUT_MS };
  const { status: identity } = await client.create<TokenReview>(
    tokenReviewType,
    { ...header(tokenReviewType), spec: { token } },
    options,
  );
  const { username = '', uid, groups, extra } = identity?.user ?? {};
  if (identity?.authenticated !== true || username === '') return 401;
  const { status: access } = await client.create<AccessReview>(
    accessReviewType,
    {
      ...header(accessReviewType),
      spec: { user: username, uid, groups, extra, nonResourceAttributes: { path: '/metrics', verb: 'get' } },
    },
    options,
  );
  return access?.allowed === true && access.denied !== true ? 200 : 403;
}

const header = ({ group, version, kind }: ResourceType) => ({
  apiVersion: `${group}/${version}`,
  kind,
  metadata: {},
});
