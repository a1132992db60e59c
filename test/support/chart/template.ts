/**
 * Parses the subset of Go templates that the chart uses: text; pipelines with calls, parentheses, fields, variables and
 * literals; if/else if/else, range, with, define; trim markers and comments. The parser rejects other constructs, and
 * the evaluation rejects the output of a missing value. For this subset, the result is the same as Helm's.
 */

/** A parsed operand. `path` contains the names of the fields after it. */
export type Operand = { readonly path: readonly string[] } & (
  | { readonly type: 'dot' }
  | { readonly type: 'variable'; readonly name: string }
  | { readonly type: 'function'; readonly name: string }
  | { readonly type: 'literal'; readonly value: unknown }
  | { readonly type: 'group'; readonly pipeline: Pipeline }
);

/** Commands. Each command gets the previous result as its last argument. `assign` names the variable for the result. */
export interface Pipeline {
  readonly assign?: string;
  readonly commands: readonly (readonly Operand[])[];
}

export type Node =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'print'; readonly pipeline: Pipeline }
  | {
      readonly type: 'if' | 'with';
      readonly pipeline: Pipeline;
      readonly body: Node[];
      readonly other: Node[];
    }
  | {
      readonly type: 'range';
      readonly variables: readonly string[];
      readonly pipeline: Pipeline;
      readonly body: Node[];
      readonly other: Node[];
    };

/**
 * Parses a template. Adds its definitions to `definitions` by name.
 * @throws Error with the position when the template is invalid
 */
export function parseTemplate(source: string, definitions: Map<string, Node[]>): Node[] {
  return new TemplateParser(source, definitions).parse();
}

class TemplateParser {
  readonly #parts: readonly { readonly text: string; readonly isAction: boolean }[];
  readonly #definitions: Map<string, Node[]>;
  #at = 0;

  constructor(source: string, definitions: Map<string, Node[]>) {
    this.#parts = split(source);
    this.#definitions = definitions;
  }

  parse(): Node[] {
    const { nodes, end } = this.#nodes();
    if (end !== undefined) throw new Error(`unexpected {{ ${end} }}`);
    return nodes;
  }

  /** Parses the nodes up to the `end` or `else` of the enclosing block. */
  #nodes(): { nodes: Node[]; end: string | undefined } {
    const nodes: Node[] = [];
    for (let part = this.#parts[this.#at++]; part !== undefined; part = this.#parts[this.#at++]) {
      const { text, isAction } = part;
      if (!isAction) nodes.push({ type: 'text', text });
      else if (/^\/\*[^]*\*\/$/.test(text)) continue;
      else if (/^(end|else)\b/.test(text)) return { nodes, end: text };
      else this.#action(text, nodes);
    }
    return { nodes, end: undefined };
  }

  #action(text: string, nodes: Node[]): void {
    const [, keyword, rest = ''] = /^(define|if|with|range)\s([^]*)$/.exec(text) ?? [];
    if (keyword === undefined) nodes.push({ type: 'print', pipeline: parsePipeline(text) });
    else if (keyword === 'define') {
      const { nodes: body, end } = this.#nodes();
      if (end !== 'end') throw new Error(`{{ ${text} }} without end`);
      this.#definitions.set(JSON.parse(rest) as string, body);
    } else nodes.push(this.#block(keyword as 'if' | 'with' | 'range', rest));
  }

  #block(keyword: 'if' | 'with' | 'range', rest: string): Node {
    const { nodes: body, end } = this.#nodes();
    let other: Node[] = [];
    if (end?.startsWith('else if ') === true) other = [this.#block('if', end.slice('else if '.length))];
    else if (end === 'else') {
      const last = this.#nodes();
      if (last.end !== 'end') throw new Error(`{{ ${keyword} ${rest} }} without end`);
      other = last.nodes;
    } else if (end !== 'end') throw new Error(`{{ ${keyword} ${rest} }} without end`);
    if (keyword !== 'range') return { type: keyword, pipeline: parsePipeline(rest), body, other };
    const [, names, source] = /^((?:\$\w+,\s*)?\$\w+)\s*:=([^]*)$/.exec(rest) ?? [];
    const variables = names?.split(/,\s*/) ?? [];
    return { type: 'range', variables, pipeline: parsePipeline(source ?? rest), body, other };
  }
}

/** Splits the source into texts and actions, and applies the trim markers. */
function split(source: string): { text: string; isAction: boolean }[] {
  const parts: { text: string; isAction: boolean }[] = [];
  let from = 0;
  let trims = false;
  const text = (end: number, trimsEnd: boolean): void => {
    let piece = source.slice(from, end);
    if (trims) piece = piece.trimStart();
    if (trimsEnd) piece = piece.trimEnd();
    if (piece !== '') parts.push({ text: piece, isAction: false });
  };
  for (const match of source.matchAll(/\{\{(-\s)?\s*([^]*?)\s*(\s-)?\}\}/g)) {
    text(match.index, match[1] !== undefined);
    parts.push({ text: match[2] ?? '', isAction: true });
    from = match.index + match[0].length;
    trims = match[3] !== undefined;
  }
  text(source.length, false);
  return parts;
}

const tokenPattern = /\s*(:=|[|(]|\)(?:\.\w+)*|"(?:[^"\\]|\\.)*"|-?\d+|\$?\w*(?:\.\w+)*\.?)/y;

function parsePipeline(text: string): Pipeline {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const at = tokenPattern.lastIndex;
    const token = tokenPattern.exec(text)?.[1];
    if (token === undefined || token === '')
      throw new Error(`cannot read {{ ${text} }} at ${text.slice(at)}`);
    tokens.push(token);
  }
  const assign = tokens[1] === ':=' ? tokens[0] : undefined;
  const rest = { tokens: assign === undefined ? tokens : tokens.slice(2) };
  const { pipeline, close } = readPipeline(rest);
  if (close !== undefined || pipeline.commands.some((command) => command.length === 0))
    throw new Error(`cannot read {{ ${text} }}`);
  return assign === undefined ? pipeline : { ...pipeline, assign };
}

/** Reads a pipeline up to the closing parenthesis. Removes the parenthesis from the input and returns it. */
function readPipeline(input: { tokens: string[] }): { pipeline: Pipeline; close: string | undefined } {
  const commands: Operand[][] = [[]];
  for (;;) {
    const token = input.tokens.shift();
    if (token === undefined || token.startsWith(')')) return { pipeline: { commands }, close: token };
    if (token === '|') commands.push([]);
    else if (token === '(') {
      const { pipeline, close } = readPipeline(input);
      if (close === undefined) throw new Error('a parenthesis is not closed');
      commands.at(-1)!.push({ type: 'group', pipeline, path: close.split('.').slice(1) });
    } else commands.at(-1)!.push(operand(token));
  }
}

function operand(token: string): Operand {
  if (token.startsWith('"') || /^(-?\d+|true|false)$/.test(token))
    return { type: 'literal', value: JSON.parse(token), path: [] };
  if (token === '.') return { type: 'dot', path: [] };
  const [first = '', ...path] = token.split('.');
  if (first === '') return { type: 'dot', path };
  if (first.startsWith('$')) return { type: 'variable', name: first, path };
  if (path.length > 0) throw new Error(`cannot read ${token}`);
  return { type: 'function', name: first, path };
}
