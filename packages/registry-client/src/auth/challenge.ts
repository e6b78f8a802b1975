/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By name in lower case, quotes and escapes removed. The first of several with one name counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What some schemes send instead of parameters (`Negotiate YII=`). */
  readonly token68?: string;
}

const maxHeaderLength = 16 * 1024;
const separators = /[ \t,]*/y;
const scheme = /([\w!#$%&'*+.^`|~-]+)(?=[ \t,]|$)[ \t]*/y;
const token68 = /([\w.~+/-]+=*)(?=[ \t]*(?:,|$))/y;
// Unquoted values are taken up to the next comma or blank: some registries do not quote their URLs.
const parameter = /([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))(?=[ \t]*(?:,|$))/y;

/**
 * Reads every challenge of every header line. A line that breaks the grammar gives what stands before the break: the
 * parser throws for no input.
 */
export function parseChallenges(lines: readonly string[]): readonly Challenge[] {
  return lines.flatMap((line) => parseLine(line.slice(0, maxHeaderLength)));
}

function parseLine(line: string): Challenge[] {
  const challenges: Challenge[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const match = pattern.exec(line) ?? undefined;
    if (match) position = pattern.lastIndex;
    return match;
  };
  for (;;) {
    take(separators);
    const name = take(scheme)?.[1]?.toLowerCase();
    if (name === undefined) return challenges;
    const token = take(token68)?.[1];
    const parameters = new Map<string, string>();
    challenges.push({ scheme: name, parameters, ...(token === undefined ? {} : { token68: token }) });
    if (token !== undefined) continue;
    for (let pair = take(parameter); pair; pair = take(parameter)) {
      const [, key = "", quoted, plain = ""] = pair;
      const value = quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, "$1");
      if (!parameters.has(key.toLowerCase())) parameters.set(key.toLowerCase(), value);
      take(separators);
    }
  }
}
