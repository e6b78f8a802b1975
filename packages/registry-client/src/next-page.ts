const maxHeaderLength = 8192;
const link =
  /<([^<>]*)>((?:[ \t]*;[ \t]*[\w!#$&+.^`|~-]+(?:[ \t]*=[ \t]*(?:"(?:[^"\\]|\\.)*"|[^\s",;]*))?)*)/g;
const relation = /;[ \t]*rel[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))/i;

/**
 * Where a listing goes on: the first link with `rel=next` (RFC 8288), relative to the page itself; undefined if there is
 * none. A scheme of plain HTTP, as proxies before a registry make it up, is the page's own.
 */
export function nextPage(lines: readonly string[], page: URL): URL | undefined {
  for (const line of lines)
    for (const [, target = "", parameters = ""] of line.slice(0, maxHeaderLength).matchAll(link)) {
      const [, quoted, plain = ""] = relation.exec(parameters) ?? [];
      if (!(quoted ?? plain).toLowerCase().split(" ").includes("next")) continue;
      const url = URL.parse(target, page.href);
      if (!url || !["http:", "https:"].includes(url.protocol)) continue;
      url.protocol = page.protocol;
      url.username = "";
      url.password = "";
      url.hash = "";
      return url;
    }
  return undefined;
}
