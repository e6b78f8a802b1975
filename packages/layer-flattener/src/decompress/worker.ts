import { runDecompressWorker } from "./worker-body.ts";

runDecompressWorker();
