import type { RealImageRecipe } from "../real-images/recipe.ts";
import { probeInputs, probeLayer } from "./probe.ts";

/** `FROM scratch`, `COPY probe /`: one static program and no directory at all. */
export const scratch: RealImageRecipe = {
  name: "scratch",
  config: { Entrypoint: ["/probe"], Cmd: ["report"], ExposedPorts: { "8080/tcp": {} } },
  inputs: probeInputs,
  build: async function* (scratch) {
    yield await probeLayer(scratch, "static", "probe");
  },
};
