/** For programs that are bundled into one file, which is then also the entry of its worker threads. */
export { isDecompressWorker, runDecompressWorker } from "@bootlayer/layer-flattener/worker";
