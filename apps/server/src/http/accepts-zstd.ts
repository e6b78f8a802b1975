/** Whether an Accept-Encoding header (RFC 9110, 12.5.3) names zstd, which not all have that say `*`. */
export function acceptsZstd(header: string | undefined): boolean {
  for (const item of (header ?? "").split(",")) {
    const [coding = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    if (coding !== "zstd") continue;
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return weight === undefined || Number(weight) > 0;
  }
  return false;
}
