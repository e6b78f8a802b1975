export { paxRecords, tarArchive, withChecksum, type TarEntry, type TarEntryKind } from "./tar-archive.ts";
export { cachedDirectory } from "./cached-directory.ts";
export { workspaceCache } from "./workspace-cache.ts";
export { sha256Digest, type FixtureDescriptor } from "./descriptor.ts";
export { layerBlob, type LayerBlob, type LayerCompression } from "./layer-blob.ts";
export {
  image,
  imageIndex,
  type FixtureImage,
  type FixtureIndex,
  type ImageOptions,
  type IndexEntry,
} from "./image.ts";
export { writeLayout } from "./layout.ts";
export { layoutEntries } from "./layout-archive.ts";
export { dockerArchive, type DockerArchiveImage, type DockerArchiveOptions } from "./docker-archive.ts";
export { startDockerDaemon, type DockerDaemon, type DockerDaemonOptions } from "./docker-daemon.ts";
export {
  startRegistry,
  type Registry,
  type RegistryOptions,
  type RegistryRequest,
} from "./registry/start-registry.ts";
export type { Fault } from "./registry/fault.ts";
export { byteGate, type ByteGate } from "./registry/byte-gate.ts";
export type { RegistryAuth } from "./registry/auth.ts";
export {
  startFaultProxy,
  type FaultProxy,
  type FaultProxyOptions,
  type FaultSchedule,
  type ProxyRequest,
} from "./fault-proxy/start-fault-proxy.ts";
export type { ProxyFault } from "./fault-proxy/proxy-fault.ts";
export { randomFaults } from "./fault-proxy/random-faults.ts";
export { startForwardProxy, type ForwardProxy, type ForwardProxyOptions } from "./forward-proxy.ts";
export { judgePath, requireJudge } from "./require-judge.ts";
export { requirePostgresql, startPostgresql, type TestPostgresql } from "./postgresql.ts";
export {
  startDockerRegistry,
  type DockerRegistry,
  type DockerRegistryOptions,
  type PushOptions,
} from "./docker-registry/start-docker-registry.ts";
export {
  makeCertificates,
  type CertificateFiles,
  type Certificates,
} from "./docker-registry/certificates.ts";
export {
  startTokenServer,
  type TokenServer,
  type TokenServerOptions,
} from "./docker-registry/token-server.ts";
export { RADOSGW_TOOLS, startRadosgw, type Radosgw } from "./object-store/start-radosgw.ts";
export { debugfs, dumpe2fs, e2fsck } from "./judges/e2fsprogs.ts";
export { withMount, type MountOptions } from "./judges/with-mount.ts";
export { umociUnpack } from "./judges/umoci.ts";
export { listTree, type TreeEntry, type TreeEntryType, type TreeListing } from "./judges/list-tree.ts";
export {
  compareTrees,
  formatDifferences,
  type TreeDifference,
  type TreeField,
} from "./judges/compare-trees.ts";
export { bootDisk, type BootOptions, type BootResult, type CommandResult } from "./judges/boot-disk.ts";
export { bootGuest, type Guest, type GuestOptions } from "./judges/boot-guest.ts";
export type { GuestDisk, GuestMachine } from "./judges/qemu-arguments.ts";
export { FURTHER_GUEST_MODULES, GUEST_MODULES, modulePaths } from "./judges/guest-modules.ts";
export { cloudKernel, requireCloudKernel, type CloudKernel } from "./judges/cloud-kernel.ts";
export { debianPackage, type DebianPackage } from "./debian-packages.ts";
export { unpackedPackage } from "./unpacked-package.ts";
export { withLibext2, type Libext2Entry, type Libext2Image } from "./judges/libext2.ts";
export {
  REAL_IMAGE_NAMES,
  REAL_IMAGE_TOOLS,
  realImage,
  type RealImage,
  type RealImageName,
} from "./real-images/real-image.ts";
export {
  GUEST_IMAGE_NAMES,
  GUEST_IMAGE_TOOLS,
  guestImage,
  type GuestImage,
  type GuestImageName,
} from "./guest-images/guest-image.ts";
export { PROBE_TOOLS, probeBinary, type ProbeLinking } from "./guest-images/probe.ts";
export { explainUmociDifference, type UmociDeviation } from "./judges/umoci-deviations.ts";
export { codeBlocks, runExample, writeExample, type WrittenExample } from "./code-example.ts";
export { randomLayers, type RandomLayers } from "./random-layers/random-layers.ts";
export { compareDiskWithUmoci, type UmociVerdict } from "./judges/compare-disk-with-umoci.ts";
