import type { FetchResponse } from "openapi-fetch";
import type { components, operations } from "./schema.ts";

type Schemas = components["schemas"];
/** As the client answers it: it reads tuples of the document as arrays. */
type Answer<Operation extends keyof operations> = NonNullable<
  FetchResponse<operations[Operation], object, "application/json">["data"]
>;

/** What a disk is asked for with. */
export type BuildRequest = Schemas["BuildRequestInput"];
/** A disk that was asked for. */
export type Build = Answer<"getBuild">;
/** Where a build is; `ready`, `failed` and `cancelled` are final. */
export type BuildState = Schemas["BuildState"];
/** Why a build failed. */
export type BuildProblem = Schemas["BuildProblem"];
/** What a finished build says of its disk. */
export type BuildReport = Schemas["BuildReport"];
/** A page of builds, the newest first. */
export type BuildList = Answer<"listBuilds">;
/** What happens to a build; `ready`, `failed` and `cancelled` come last. */
export type BuildEvent = Schemas["BuildEvent"];
/** A name in an image. */
export type TreeEntry = Schemas["TreeEntry"];
/** What a directory of an image holds, in byte order: a page of it. */
export type TreeLevel = Schemas["TreeLevel"];
/** An image that was pushed to the server. */
export type PushedImage = Schemas["PushedImage"];
/** A page of them, by name. */
export type PushedImageList = Schemas["PushedImageList"];
/** Why the server did not do what was asked (RFC 9457); its `code` is the server's own. */
export type Problem = Schemas["Problem"];
