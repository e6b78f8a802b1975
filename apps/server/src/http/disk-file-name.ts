/** Of a build's request; the page names disks by it too, so nothing of the server is imported here. */
interface NamedDisk {
  readonly source: string;
  readonly platform?: string | undefined;
  readonly format: "ext4" | "squashfs";
}

/** What a disk is saved as: `alpine-3.22-amd64.ext4`. Of the source only what no shell and no file system minds. */
export function diskFileName({ source, platform, format }: NamedDisk): string {
  const [name = ""] = source.split("@", 1);
  const last = name.split("/").at(-1) ?? "";
  const parts = [last.replace(":", "-"), platform?.split("/").slice(1).join("-") ?? ""];
  const safe = parts
    .map((part) => part.replaceAll(/[^A-Za-z0-9._]+/g, "-").replace(/^[.-]+/, ""))
    .filter((part) => part !== "")
    .join("-")
    .slice(0, 120);
  return `${safe === "" ? "disk" : safe}.${format}`;
}
