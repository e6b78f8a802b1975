import { expectTypeOf, test } from "vitest";
import type * as page from "../page/src/api-types.ts";
import type { BuildRequestInput } from "../src/catalogue/build-request.ts";
import type { BuildAnswer } from "../src/http/build-answer.ts";
import type { BuildEventAnswer } from "../src/http/event-answer.ts";
import type { Problem as ProblemAnswer } from "../src/http/problem.ts";
import type { TreeEntry } from "../src/inspect/image-tree.ts";
import type { Problem } from "../page/src/problem.ts";

// For the compiler: the page is of another world (a browser's), so it has types of its own.
test("what the page takes is what the API answers, and what it sends what the API takes", () => {
  expectTypeOf<BuildAnswer>().toExtend<page.Build>();
  expectTypeOf<BuildEventAnswer>().toExtend<page.BuildEvent>();
  expectTypeOf<page.BuildEvent["kind"]>().toEqualTypeOf<BuildEventAnswer["kind"]>();
  expectTypeOf<TreeEntry>().toExtend<page.TreeEntry>();
  expectTypeOf<ProblemAnswer>().toExtend<Problem>();
  expectTypeOf<page.BuildRequest>().toExtend<BuildRequestInput>();
});
