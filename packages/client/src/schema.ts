/** Generated from openapi.json, which bootlayer-server serves: see client-generator. */

export interface paths {
  "/healthz": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Whether the process lives */
    get: operations["getHealth"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/metrics": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Figures for Prometheus */
    get: operations["getMetrics"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/readyz": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Whether requests may be sent here: database and artifact store answer, and it is not being stopped */
    get: operations["getReadiness"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List builds, the newest first */
    get: operations["listBuilds"];
    put?: never;
    /**
     * Ask for a disk
     * @description An equal request that is under way is joined: the answer names its build. So it does for a finished one whose image has not changed.
     */
    post: operations["createBuild"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** See one build */
    get: operations["getBuild"];
    put?: never;
    post?: never;
    /**
     * Take an ended build out of the list
     * @description Its disk goes with it, unless another build is of the same disk.
     */
    delete: operations["deleteBuild"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}/cancel": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** End a build that is queued or under way */
    post: operations["cancelBuild"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}/config": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** See the image's config, byte by byte as its registry has it */
    get: operations["getConfig"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}/events": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Watch a build, as server-sent events
     * @description All events of the build, or those after `Last-Event-ID`, as they come; the stream ends after ready, failed or cancelled. `id:` is the sequence, `event:` the kind, `data:` the data of a BuildEvent. Older progress is left out.
     */
    get: operations["watchBuild"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}/image": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Download the disk of a finished build
     * @description Range and If-Range for one range, If-Match, If-None-Match and their dates. A client that takes `Content-Encoding: zstd` and asks for no range is sent the whole disk so, in which holes are next to nothing. The entity tag is the sha256 of the whole disk.
     */
    get: operations["downloadImage"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}/manifest": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** See the image's manifest, byte by byte as its registry has it */
    get: operations["getManifest"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}/push": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Push the disk of a finished build to a registry, as an artifact that refers to its image
     * @description The answer comes when the disk is there; a client that goes away ends the push. Where a `reference` is named, the registry is asked with the credentials of this request or none; without, with the server's own if the request has none.
     */
    post: operations["pushDisk"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}/retry": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Ask once more for a disk whose build failed or was cancelled */
    post: operations["retryBuild"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/builds/{id}/tree": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List a directory of the image, with sizes
     * @description The image as it was built, without the guest's additions. The first time all its layers are read.
     */
    get: operations["listTree"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/garbage": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Remove what no image and no build needs
     * @description Blobs are those of the store of the server that answers; disks those of all servers.
     */
    post: operations["collectGarbage"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/tokens": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List tokens, expired and revoked ones too */
    get: operations["listTokens"];
    put?: never;
    /** Make a token; the answer alone holds its secret */
    post: operations["createToken"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/tokens/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Refuse a token from now on */
    delete: operations["revokeToken"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description A disk that was asked for */
    Build: {
      /** @description How often a worker has taken it up */
      attempts: number;
      /** @description Equal keys are equal bytes */
      buildKey?: string;
      cancelRequested: boolean;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      endedAt?: string;
      /** @description The build of the same key that this one waits for */
      follows?: string;
      id: string;
      manifestDigest?: string;
      /** @description Place in the queue from 1, while it is queued */
      position?: number;
      problem?: components["schemas"]["BuildProblem"];
      report?: components["schemas"]["BuildReport"];
      request: components["schemas"]["BuildRequest"];
      /** Format: date-time */
      startedAt?: string;
      state: components["schemas"]["BuildState"];
    };
    /** @description What happens to a build; ready, failed and cancelled come last */
    BuildEvent:
      | {
          data: {
            /** @description Place in the queue, from 1 */
            position: number;
          };
          /** @constant */
          kind: "queued";
          /** @description The id of the server-sent event */
          sequence: number;
        }
      | {
          data: {
            state: components["schemas"]["BuildState"];
          };
          /** @constant */
          kind: "state";
          /** @description The id of the server-sent event */
          sequence: number;
        }
      | {
          data: {
            digest: string;
            layers: {
              digest: string;
              size: number;
            }[];
            platform: string;
          };
          /** @constant */
          kind: "resolved";
          /** @description The id of the server-sent event */
          sequence: number;
        }
      | {
          data: {
            layers: {
              /** @description Whether the server had the layer already */
              cached: boolean;
              digest: string;
              /** @description Of the layer as it was sent, that have been read into the disk */
              flattenedBytes: number;
              /** @description That have come from the registry */
              pulledBytes: number;
              totalBytes: number;
            }[];
            writtenBytes: number;
          };
          /** @constant */
          kind: "progress";
          /** @description The id of the server-sent event */
          sequence: number;
        }
      | {
          data: {
            bytes: number;
            seconds: number;
            stage: string;
          };
          /** @constant */
          kind: "stage";
          /** @description The id of the server-sent event */
          sequence: number;
        }
      | {
          data: {
            bytes: number;
            cached: boolean;
            digest: string;
            key: string;
            sha256: string;
          };
          /** @constant */
          kind: "ready";
          /** @description The id of the server-sent event */
          sequence: number;
        }
      | {
          data: {
            problem: components["schemas"]["BuildProblem"];
          };
          /** @constant */
          kind: "failed";
          /** @description The id of the server-sent event */
          sequence: number;
        }
      | {
          data: Record<string, never>;
          /** @constant */
          kind: "cancelled";
          /** @description The id of the server-sent event */
          sequence: number;
        };
    /** @description Builds, the newest first */
    BuildList: {
      builds: components["schemas"]["Build"][];
      /** @description The `after` of the next page; absent on the last */
      next?: string;
    };
    /** @description Why a build failed */
    BuildProblem: {
      /** @example REGISTRY_NOT_FOUND */
      code: string;
      detail: string;
      hint: string;
      title: string;
    };
    /** @description What a finished build says of its disk */
    BuildReport: {
      /** @description Length of the disk, holes included */
      bytes?: number;
      /** @description Whether the disk was there already */
      cached?: boolean;
      /** @description Bytes of the disk that are not holes */
      dataBytes?: number;
      /** @description Of the manifest that the disk was made from */
      digest?: string;
      /** @description Whether the disk came from the source's registry, in place of being built */
      fetched?: boolean;
      guest?: {
        initSystem?: string;
        kernelArguments?: string[];
        ports?: {
          port: number;
          protocol: string;
        }[];
        warnings?: string[];
      };
      /** @description The base layer first */
      layers?: components["schemas"]["LayerReport"][];
      platform?: string;
      sha256?: string;
      stages?: {
        bytes: number;
        seconds: number;
        stage: string;
      }[];
      warnings?: string[];
    };
    BuildRequest: {
      blockSize?: number;
      /** @example zstd:15 */
      compression?: string;
      /**
       * @default ext4
       * @enum {string}
       */
      format: "ext4" | "squashfs";
      guest?: components["schemas"]["Guest"];
      /** @example linux/amd64 */
      platform?: string;
      /** @example +512MiB */
      size?: string;
      /** @example docker.io/library/alpine:3.22 */
      source: string;
      sourceDateEpoch?: number;
    };
    BuildRequestInput: {
      blockSize?: number;
      /** @example zstd:15 */
      compression?: string;
      /**
       * @default ext4
       * @enum {string}
       */
      format: "ext4" | "squashfs";
      guest?: components["schemas"]["GuestInput"];
      /** @example linux/amd64 */
      platform?: string;
      /** @example +512MiB */
      size?: string;
      /** @example docker.io/library/alpine:3.22 */
      source: string;
      sourceDateEpoch?: number;
    };
    /**
     * @description Where a build is; ready, failed and cancelled are final
     * @enum {string}
     */
    BuildState:
      | "queued"
      | "resolving"
      | "pulling"
      | "flattening"
      | "writing"
      | "verifying"
      | "ready"
      | "failed"
      | "cancelled";
    /**
     * @description Where a build is; ready, failed and cancelled are final
     * @enum {string}
     */
    BuildStateInput:
      | "queued"
      | "resolving"
      | "pulling"
      | "flattening"
      | "writing"
      | "verifying"
      | "ready"
      | "failed"
      | "cancelled";
    CreatedToken: {
      /** @description Shown here and never again */
      secret: string;
      token: components["schemas"]["Token"];
    };
    /** @description What was, or would be, removed */
    GarbageReport: {
      /** @description Of images that no name leads to, by digest */
      blobs: {
        bytes: number;
        name: string;
      }[];
      /** @description Finished disks of no build in the catalogue */
      disks: {
        bytes: number;
        name: string;
      }[];
      dryRun: boolean;
      freedBytes: number;
      /** @description What killed processes left in the store */
      leavings: {
        bytes: number;
        name: string;
      }[];
    };
    /** @description A collection of garbage */
    GarbageRequestInput: {
      /**
       * @description Only say what would be removed
       * @default false
       */
      dryRun: boolean;
      /**
       * @description What was written or used later than so long ago stays
       * @default 3600
       */
      graceSeconds: number;
    };
    Guest: {
      agent?: {
        serial?: string;
        vsock?: number;
      };
      dns?: {
        search?: string[];
        servers: string[];
      };
      files?: {
        content: string;
        gid?: number;
        guest: string;
        mode?: string;
        uid?: number;
      }[];
      hostname?: string;
      hosts?: {
        address: string;
        names: string[];
      }[];
      /** @enum {string} */
      init?: "auto" | "bootlayer" | "systemd" | "openrc";
      modules?: {
        load: string[];
      };
      mounts?: {
        device: string;
        options?: string;
        path: string;
        type?: string;
      }[];
      network?:
        | {
            /** @constant */
            mode: "none";
          }
        | {
            interface?: string;
            /** @constant */
            mode: "kernel";
          }
        | {
            interface?: string;
            /** @constant */
            mode: "dhcp";
            mtu?: number;
          }
        | {
            addresses: string[];
            gateways?: string[];
            interface?: string;
            /** @constant */
            mode: "static";
            mtu?: number;
          };
      /** @enum {string} */
      onExit?: "power-off" | "reboot" | "halt";
      overlay?:
        | {
            /** @constant */
            kind: "tmpfs";
            size?: string;
          }
        | {
            device: string;
            /** @constant */
            kind: "device";
            type?: string;
          };
      process?: {
        cmd?: string[];
        entrypoint?: string[];
        env?: {
          [key: string]: string;
        };
        limits?: {
          [key: string]: (number | "unlimited") | [number | "unlimited", number | "unlimited"];
        };
        stdin?: boolean;
        stopSignal?: string;
        stopTimeoutSeconds?: number;
        terminal?: boolean;
        user?: string;
        workingDirectory?: string;
      };
      services?: {
        command: string[];
        env?: {
          [key: string]: string;
        };
        name: string;
        restart?: boolean;
      }[];
      ssh?: {
        authorizedKeys: string[];
        user?: string;
      };
      /** @constant */
      version?: 1;
    };
    GuestInput: {
      agent?: {
        serial?: string;
        vsock?: number;
      };
      dns?: {
        search?: string[];
        servers: string[];
      };
      files?: {
        content: string;
        gid?: number;
        guest: string;
        mode?: string;
        uid?: number;
      }[];
      hostname?: string;
      hosts?: {
        address: string;
        names: string[];
      }[];
      /** @enum {string} */
      init?: "auto" | "bootlayer" | "systemd" | "openrc";
      modules?: {
        load: string[];
      };
      mounts?: {
        device: string;
        options?: string;
        path: string;
        type?: string;
      }[];
      network?:
        | {
            /** @constant */
            mode: "none";
          }
        | {
            interface?: string;
            /** @constant */
            mode: "kernel";
          }
        | {
            interface?: string;
            /** @constant */
            mode: "dhcp";
            mtu?: number;
          }
        | {
            addresses: string[];
            gateways?: string[];
            interface?: string;
            /** @constant */
            mode: "static";
            mtu?: number;
          };
      /** @enum {string} */
      onExit?: "power-off" | "reboot" | "halt";
      overlay?:
        | {
            /** @constant */
            kind: "tmpfs";
            size?: string;
          }
        | {
            device: string;
            /** @constant */
            kind: "device";
            type?: string;
          };
      process?: {
        cmd?: string[];
        entrypoint?: string[];
        env?: {
          [key: string]: string;
        };
        limits?: {
          [key: string]: (number | "unlimited") | [number | "unlimited", number | "unlimited"];
        };
        stdin?: boolean;
        stopSignal?: string;
        stopTimeoutSeconds?: number;
        terminal?: boolean;
        user?: string;
        workingDirectory?: string;
      };
      services?: {
        command: string[];
        env?: {
          [key: string]: string;
        };
        name: string;
        restart?: boolean;
      }[];
      ssh?: {
        authorizedKeys: string[];
        user?: string;
      };
      /** @constant */
      version?: 1;
    };
    Health: {
      /** @constant */
      status: "ok";
    };
    /** @description How a layer came and was read */
    LayerReport: {
      bytes: number;
      cached: boolean;
      digest: string;
      firstByte?: number;
      flattened?: number;
      flattening?: number;
      lastByte?: number;
      /** @description From 0, the base layer */
      layer: number;
      /** @description Seconds since the work began, as all that follow */
      requested?: number;
    };
    NewTokenInput: {
      /** @description Absent: never */
      expiresInSeconds?: number;
      /**
       * @description Whose it is
       * @example ci
       */
      name: string;
      scopes: ("read" | "build" | "push" | "admin")[];
    };
    /** @description Why a request was not carried out (RFC 9457) */
    Problem: {
      /**
       * @description Stable: docs/errors.md lists all
       * @example BUILD_NOT_FOUND
       */
      code: string;
      /** @description What is wrong, naming the input */
      detail: string;
      /** @description What to do about it */
      hint: string;
      /** @description What does not fit the schema, by JSON pointer */
      issues?: {
        message: string;
        path: string;
      }[];
      /** @description Names the request in the server's log */
      requestId: string;
      /** @example 404 */
      status: number;
      /**
       * @description What the status means
       * @example Not Found
       */
      title: string;
    };
    /** @description A disk in a registry */
    PushedDisk: {
      /** @description Of the artifact's manifest */
      digest: string;
      /** @description Repository and tag, or repository and digest */
      reference: string;
      /** @description The image's manifest, which the artifact refers to */
      subject: {
        digest: string;
        mediaType: string;
        size: number;
      };
    };
    /** @description Where a disk goes */
    PushRequestInput: {
      /**
       * @description A repository, with a tag if the disk is to have that name too; default: the source's repository
       * @example registry.example/team/app
       */
      reference?: string;
    };
    /** @description What lets a client in, without its secret */
    Token: {
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt?: string;
      id: string;
      name: string;
      /** Format: date-time */
      revokedAt?: string;
      scopes: ("read" | "build" | "push" | "admin")[];
      /**
       * Format: date-time
       * @description To the minute
       */
      usedAt?: string;
    };
    TokenList: {
      tokens: components["schemas"]["Token"][];
    };
    /** @description A name in an image */
    TreeEntry: {
      /** @description How many names a directory holds */
      entries?: number;
      gid: number;
      /** @example 0755 */
      mode: string;
      /** @description Seconds since 1970 */
      mtime: number;
      /** @description What is no UTF-8, and control characters, as \xNN */
      name: string;
      /** @description Bytes of a file; of a directory, of all files below it at each of their names */
      size?: number;
      /** @description Of a symlink, as written */
      target?: string;
      /** @enum {string} */
      type: "directory" | "file" | "symlink" | "character-device" | "block-device" | "fifo" | "socket";
      uid: number;
    };
    /** @description What a directory of an image holds, in byte order */
    TreeLevel: {
      entries: components["schemas"]["TreeEntry"][];
      next?: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  getHealth: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It does */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Health"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getMetrics: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description In Prometheus' text format */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "text/plain": unknown;
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getReadiness: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description They may */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Health"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listBuilds: {
    parameters: {
      query?: {
        /** @description `next` of the page before */
        after?: string;
        format?: "ext4" | "squashfs";
        limit?: number;
        /** @description A part of the source's name */
        source?: string;
        /** @description Any of these states */
        state?: components["schemas"]["BuildStateInput"] | components["schemas"]["BuildStateInput"][];
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page; `Link` names the next */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["BuildList"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  createBuild: {
    parameters: {
      query?: never;
      header?: {
        /** @description For the source's registry, or the one that a disk is pushed to, and this request alone: base64url of JSON with `username` and `password`, or `identitytoken` */
        "x-registry-auth"?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["BuildRequestInput"];
      };
    };
    responses: {
      /** @description The disk is there already */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Build"];
        };
      };
      /** @description The build is queued or under way */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Build"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The body is too large */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The body is not JSON */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The image cannot be read or does not fit */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no room for another disk */
      507: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getBuild: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The build as it stands */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Build"];
        };
      };
      /** @description It has not changed since `If-None-Match` */
      304: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A precondition does not hold */
      412: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  deleteBuild: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It is gone */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is not in a state for this */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  cancelBuild: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It is cancelled */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Build"];
        };
      };
      /** @description Its worker has been told */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Build"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is not in a state for this */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getConfig: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The config; its digest is the entity tag */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": unknown;
          "application/vnd.oci.image.config.v1+json": unknown;
        };
      };
      /** @description The client has it */
      304: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is not in a state for this */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The image cannot be read or does not fit */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  watchBuild: {
    parameters: {
      query?: never;
      header?: {
        "last-event-id"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The events */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "text/event-stream": components["schemas"]["BuildEvent"];
        };
      };
      /** @description The build has ended and all its events have been seen */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  downloadImage: {
    parameters: {
      query?: {
        /** @description 1: be sent to the store itself, where it gives out addresses */
        redirect?: "0" | "1";
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The whole disk */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/octet-stream": unknown;
        };
      };
      /** @description A part of it */
      206: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/octet-stream": unknown;
        };
      };
      /** @description The client has it */
      304: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description `Location` is where it lies, for a quarter of an hour */
      307: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is not in a state for this */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The disk was removed */
      410: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A precondition does not hold */
      412: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The range is behind the end, or more than one */
      416: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getManifest: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The manifest; its digest is the entity tag */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": unknown;
          "application/vnd.oci.image.manifest.v1+json": unknown;
        };
      };
      /** @description The client has it */
      304: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is not in a state for this */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The image cannot be read or does not fit */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  pushDisk: {
    parameters: {
      query?: never;
      header?: {
        /** @description For the source's registry, or the one that a disk is pushed to, and this request alone: base64url of JSON with `username` and `password`, or `identitytoken` */
        "x-registry-auth"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["PushRequestInput"];
      };
    };
    responses: {
      /** @description It is there */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["PushedDisk"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is not in a state for this */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The disk was removed */
      410: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The body is too large */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The body is not JSON */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The image cannot be read or does not fit */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no room for another disk */
      507: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  retryBuild: {
    parameters: {
      query?: never;
      header?: {
        /** @description For the source's registry, or the one that a disk is pushed to, and this request alone: base64url of JSON with `username` and `password`, or `identitytoken` */
        "x-registry-auth"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The disk is there meanwhile */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Build"];
        };
      };
      /** @description The new build */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Build"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is not in a state for this */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no room for another disk */
      507: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listTree: {
    parameters: {
      query?: {
        /** @description `next` of the page before */
        after?: string;
        limit?: number;
        /** @description From the root; symlinks are not followed */
        path?: string;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page; `Link` names the next */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["TreeLevel"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is not in a state for this */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The image cannot be read or does not fit */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  collectGarbage: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["GarbageRequestInput"];
      };
    };
    responses: {
      /** @description What was, or would be, removed */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["GarbageReport"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The registry, or the place of the disks, fails */
      502: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listTokens: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description All of them, the newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["TokenList"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  createToken: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["NewTokenInput"];
      };
    };
    responses: {
      /** @description The token and its secret */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["CreatedToken"];
        };
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The body is too large */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The body is not JSON */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  revokeToken: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It is refused */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is malformed */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A token is missing or not known */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The token, the registry or a rule of the server refuses this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description Too many requests or builds: Retry-After says when to come again, where that is known */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description A fault of the server itself */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The database does not answer, or the server is being stopped */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
}
