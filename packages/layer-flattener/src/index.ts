export type { LayerSource } from "./layer-source.ts";
export type { FlattenEvent } from "./events.ts";
