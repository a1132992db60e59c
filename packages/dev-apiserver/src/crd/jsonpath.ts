/** A compiled JSON path. Returns the first value that matches, or undefined. */
export type JsonPath = (root: unknown) => unknown;

type Step = (values: readonly unknown[]) => unknown[];

/**
 * Compiles a JSON path of a column or a selectable field in a CustomResourceDefinition: `.a.b`, `['a']`,
 * `[0]`, `[*]` and `[?(@.type=="Ready")]` (Kubernetes documentation, "Additional printer columns").
 *
 * @throws SyntaxError for any other path
 */
export function compileJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  let rest = text.replace(/^\$/, '');
  const token =
    /^(?:\.?\[\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*\)\]|\.?\[(\d+)\]|(\.?\[\*\]|\.\*)|\[(?:'([^']+)'|"([^"]+)")\]|\.((?:\\.|[^.[\\])+))/;
  while (rest !== '' && rest !== '.') {
    const match = token.exec(rest);
    if (match === null)
      throw new SyntaxError(`JSON path ${JSON.stringify(text)} is not supported at ${JSON.stringify(rest)}`);
    const [whole, path, operator, double, single, bare, index, star, quoted, doubleQuoted, name] = match;
    if (path !== undefined) {
      const read = compileJsonPath(path);
      const wanted = double ?? single ?? bare ?? '';
      steps.push((values) =>
        items(values).filter((item) => (scalar(read(item)) === wanted) === (operator === '==')),
      );
    } else if (index !== undefined)
      steps.push((values) =>
        values.flatMap((value) => (Array.isArray(value) ? [(value as unknown[])[Number(index)]] : [])),
      );
    else if (star !== undefined) steps.push(items);
    else steps.push(member(quoted ?? doubleQuoted ?? (name ?? '').replace(/\\(.)/g, '$1')));
    rest = rest.slice(whole.length);
  }
  return (root) => {
    let values: unknown[] = [root];
    for (const step of steps) values = step(values).filter((value) => value !== undefined);
    return values[0];
  };
}

function member(name: string): Step {
  return (values) =>
    values.map((value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : undefined,
    );
}

function items(values: readonly unknown[]): unknown[] {
  return values.flatMap((value): unknown[] => {
    if (Array.isArray(value)) return value;
    return typeof value === 'object' && value !== null ? Object.values(value) : [];
  });
}

function scalar(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
