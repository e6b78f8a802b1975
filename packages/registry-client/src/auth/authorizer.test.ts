import { expect, test } from "vitest";
import { createAuthorizer, type AccessTarget } from "./authorizer.ts";
import { parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import type { AccessToken, TokenRequest } from "./token.ts";

const target: AccessTarget = {
  registry: "r.example",
  repository: "a/b",
  actions: "pull",
  origin: new URL("https://r.example"),
};
const bearer = parseChallenges([
  'Bearer realm="https://r.example/token",service="s",scope="repository:a/b:pull"',
]);
const basic = parseChallenges(['Basic realm="x"']);
const { signal } = new AbortController();
const password: Credentials = { kind: "password", username: "u", password: "p" };

/** An authorizer whose tokens are numbered, on a clock that the test moves. */
function numbered(credentials?: Credentials, lifetimeSeconds = 100) {
  const requests: TokenRequest[] = [];
  const waiting: PromiseWithResolvers<AccessToken>[] = [];
  const clock = { time: 0, now: () => clock.time, random: () => 0, sleep: async () => {} };
  const authorizer = createAuthorizer(
    async () => credentials,
    (request) => {
      requests.push(request);
      const answer = Promise.withResolvers<AccessToken>();
      waiting.push(answer);
      return answer.promise;
    },
    clock,
  );
  async function settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (const { resolve } of waiting.splice(0)) resolve({ token: `t${requests.length}`, lifetimeSeconds });
  }
  return { authorizer, requests, waiting, clock, settle };
}

test("before the first challenge nothing is sent", async () => {
  expect(await numbered(password).authorizer.current(target, signal)).toBeUndefined();
});

test("all who are challenged at once share one token request", async () => {
  const { authorizer, requests, settle } = numbered();
  const answers = [1, 2, 3].map(() => authorizer.answer(target, bearer, undefined, signal));
  await settle();
  expect(await Promise.all(answers)).toEqual(["Bearer t1", "Bearer t1", "Bearer t1"]);
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({
    service: "s",
    scopes: ["repository:a/b:pull"],
    credentials: undefined,
  });
});

test("another repository gets its own token", async () => {
  const { authorizer, requests, settle } = numbered();
  const other = { ...target, repository: "c" };
  const answers = [
    authorizer.answer(target, bearer, undefined, signal),
    authorizer.answer(other, parseChallenges(['Bearer realm="https://r.example/token"']), undefined, signal),
  ];
  await settle();
  await Promise.all(answers);
  expect(requests.map(({ scopes }) => scopes)).toEqual([["repository:a/b:pull"], ["repository:c:pull"]]);
});

test("to push is another scope than to pull, and a mount asks for that of its source too", async () => {
  const { authorizer, requests, settle } = numbered();
  const plain = parseChallenges(['Bearer realm="https://r.example/token"']);
  const pushing = { ...target, actions: "pull,push" } as const;
  const mounting = { ...pushing, furtherScopes: ["repository:base:pull"] };
  for (const wanted of [target, pushing, mounting]) {
    const answer = authorizer.answer(wanted, plain, undefined, signal);
    await settle();
    await answer;
  }
  expect(requests.map(({ scopes }) => scopes)).toEqual([
    ["repository:a/b:pull"],
    ["repository:a/b:pull,push"],
    ["repository:a/b:pull,push", "repository:base:pull"],
  ]);
  expect(await authorizer.current(target, signal)).toBe("Bearer t1");
  expect(await authorizer.current(mounting, signal)).toBe("Bearer t3");
});

test("a token is renewed before it expires, once for all who ask", async () => {
  const { authorizer, requests, clock, settle } = numbered();
  const first = authorizer.answer(target, bearer, undefined, signal);
  await settle();
  await first;
  clock.time = 79_999;
  expect(await authorizer.current(target, signal)).toBe("Bearer t1");
  clock.time = 80_000;
  const renewed = [authorizer.current(target, signal), authorizer.current(target, signal)];
  await settle();
  expect(await Promise.all(renewed)).toEqual(["Bearer t2", "Bearer t2"]);
  expect(requests).toHaveLength(2);
});

test("a rejected token is replaced, unless another caller has got a newer one meanwhile", async () => {
  const { authorizer, requests, settle } = numbered();
  const first = authorizer.answer(target, bearer, undefined, signal);
  await settle();
  await first;
  const second = authorizer.answer(target, bearer, "Bearer t1", signal);
  await settle();
  expect(await second).toBe("Bearer t2");
  expect(await authorizer.answer(target, bearer, "Bearer t1", signal)).toBe("Bearer t2");
  expect(requests).toHaveLength(2);
});

test("a token request that failed is not kept: the next caller tries anew", async () => {
  const { authorizer, waiting, settle } = numbered();
  const first = authorizer.answer(target, bearer, undefined, signal);
  await new Promise((resolve) => setImmediate(resolve));
  for (const { reject } of waiting.splice(0)) reject(new Error("down"));
  await expect(first).rejects.toThrow("down");
  const second = authorizer.answer(target, bearer, undefined, signal);
  await settle();
  expect(await second).toBe("Bearer t2");
});

test("a caller that gives up does not end the request of the others", async () => {
  const { authorizer, settle } = numbered();
  const controller = new AbortController();
  const impatient = authorizer.answer(target, bearer, undefined, controller.signal);
  const patient = authorizer.answer(target, bearer, undefined, signal);
  controller.abort(new Error("enough"));
  await expect(impatient).rejects.toThrow("enough");
  await settle();
  expect(await patient).toBe("Bearer t1");
});

test("Bearer is answered rather than Basic, whichever stands first", async () => {
  const { authorizer, requests, settle } = numbered(password);
  const answer = authorizer.answer(target, [...basic, ...bearer], undefined, signal);
  await settle();
  expect(await answer).toBe("Bearer t1");
  expect(requests[0]?.credentials).toEqual(password);
});

test("Basic is answered with user and password, and from then on without being asked", async () => {
  const { authorizer } = numbered(password);
  expect(await authorizer.answer(target, basic, undefined, signal)).toBe("Basic dTpw");
  expect(await authorizer.current(target, signal)).toBe("Basic dTpw");
  expect(await authorizer.current({ ...target, repository: "other" }, signal)).toBeUndefined();
});

test("a registry token is sent as it is", async () => {
  const { authorizer, requests } = numbered({ kind: "registry-token", token: "given" });
  expect(await authorizer.answer(target, bearer, undefined, signal)).toBe("Bearer given");
  expect(requests).toEqual([]);
});

test.each([
  ["Basic without credentials", basic],
  ["schemes that are not spoken", parseChallenges(["Negotiate", "Digest realm=x"])],
  ["Bearer without a realm", parseChallenges(["Bearer service=x"])],
  ["no challenge at all", []],
])("%s is REGISTRY_UNAUTHORIZED", async (_, challenges) => {
  const { authorizer } = numbered();
  await expect(authorizer.answer(target, challenges, undefined, signal)).rejects.toMatchObject({
    code: "REGISTRY_UNAUTHORIZED",
  });
});
