import { expect, test } from "vitest";
import { ApiError, noAnswer, problemOf, readProblem } from "./problem.ts";

test("a problem document is told as it is", () => {
  const problem = {
    status: 404,
    code: "BUILD_NOT_FOUND",
    title: "Not Found",
    detail: "no build",
    hint: "list",
  };
  expect(readProblem(404, { ...problem, requestId: "r" })).toEqual(problem);
});

test.each([undefined, null, "<html>", 7, [], { title: 1 }])(
  "an answer of %j is told by its status",
  (body) => {
    expect(readProblem(502, body)).toEqual({
      status: 502,
      code: "HTTP_502",
      title: "The server answered with status 502",
      detail: "The server answered with status 502",
      hint: "",
    });
  },
);

test("a fault of the page is said to be one", () => {
  expect(problemOf(new ApiError(noAnswer))).toBe(noAnswer);
  expect(problemOf(new TypeError("x is undefined"))).toMatchObject({
    code: "PAGE_FAULT",
    detail: "x is undefined",
  });
});
