import { ClientError } from "@bootlayer/client";
import { expect, test } from "vitest";
import { problemOf } from "./problem.ts";

test("what the server says is told as it is", () => {
  const problem = { code: "BUILD_NOT_FOUND", detail: "no build", hint: "list" };
  const error = new ClientError("CLIENT_REFUSED", "no build", "list", { status: 404, problem });
  expect(problemOf(error)).toEqual({ status: 404, ...problem });
});

test("a server that is not reached is told by the client's own code", () => {
  const error = new ClientError("CLIENT_UNREACHABLE", "http://h does not answer", "see whether it runs");
  expect(problemOf(error)).toEqual({
    status: 0,
    code: "CLIENT_UNREACHABLE",
    detail: "http://h does not answer",
    hint: "see whether it runs",
  });
});

test("a fault of the page is said to be one", () => {
  expect(problemOf(new TypeError("x is undefined"))).toMatchObject({
    code: "PAGE_FAULT",
    detail: "This page has a fault: x is undefined",
  });
});
