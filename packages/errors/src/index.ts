export { BootlayerError, isBootlayerError } from "./bootlayer-error.ts";
