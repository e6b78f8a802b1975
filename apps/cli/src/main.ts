#!/usr/bin/env node
import { isDecompressWorker, runDecompressWorker } from "@bootlayer/image-builder/worker";

// As one file, this module is also the entry of its own worker threads, which need nothing of the rest.
if (isDecompressWorker()) runDecompressWorker();
else await (await import("./run.ts")).runCommandLine();
