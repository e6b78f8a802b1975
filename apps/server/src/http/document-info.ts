import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import { version } from "@bootlayer/image-builder";

/** What the OpenAPI document says of the whole. */
export const documentInfo: NonNullable<FastifyDynamicSwaggerOptions["openapi"]> = {
  openapi: "3.1.0",
  info: {
    title: "bootlayer-server",
    description:
      "Container images as bootable disks. Errors are problem documents (RFC 9457) with a stable `code`.",
    version,
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  tags: [
    { name: "builds", description: "Disks that are asked for, and how far they are" },
    { name: "images", description: "Finished disks, and what is in them" },
    { name: "tokens", description: "Who may ask for what" },
    { name: "server", description: "The server itself" },
  ],
  components: {
    securitySchemes: {
      token: {
        type: "http",
        scheme: "bearer",
        description: "Not asked for on loopback, by default",
      },
    },
  },
  security: [{ token: [] }, {}],
};
