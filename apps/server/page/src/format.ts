const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `1.7 GiB`: three digits at most, powers of 1024; as the command line writes it. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** `4,194,304`: for who compares with what a tool prints. */
export function formatExactBytes(bytes: number): string {
  return `${bytes.toLocaleString("en")} bytes`;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 99.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `sha256:0123456789ab`: enough to tell blobs apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(":") + 13);
}

/** Whole per cent, 100 only when all is there. */
export function percent(part: number, whole: number): number {
  if (whole <= 0 || part >= whole) return 100;
  return Math.max(0, Math.floor((part / whole) * 100));
}

/** Day and time in the reader's own zone. */
export function formatTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
