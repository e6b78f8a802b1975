/** Whether an Accept header (RFC 9110, 12.5.1) lets a media type through; whoever sends none takes anything. */
export function accepts(header: string | undefined, mediaType: string): boolean {
  const ranges = (header ?? "").split(",").map((range) => range.split(";", 1)[0]?.trim().toLowerCase() ?? "");
  if (ranges.every((range) => range === "")) return true;
  return ["*/*", "application/*", mediaType].some((accepted) => ranges.includes(accepted));
}
