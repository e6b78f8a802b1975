import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { codeThrownBy, cut, frame } from "../../integration/agent-fixtures.ts";
import { createFrameDecoder, encodeFrame, MAX_PAYLOAD } from "./frames.ts";

const anyFrame = fc.record({
  type: fc.nat(255),
  stream: fc.nat(0xffff_ffff),
  payload: fc.uint8Array({ maxLength: 300 }),
});
const cuts = fc.array(fc.nat(400), { maxLength: 60 });

test("a frame is its payload's length, its stream, its type, three zeros, its payload", () => {
  const bytes = encodeFrame(5, 0x01020304, Buffer.of(1), Buffer.from("ab"));
  expect(bytes.toString("hex")).toBe(["03000000", "04030201", "05", "000000", "016162"].join(""));
});

test.prop([fc.array(anyFrame, { maxLength: 8 }), cuts])(
  "a frame is given with the chunk that completes it, however the bytes were cut",
  (frames, places) => {
    const bytes = Buffer.concat(frames.map(({ type, stream, payload }) => frame(type, stream, payload)));
    const decode = createFrameDecoder();
    const decoded: unknown[] = [];
    let received = 0;
    for (const piece of cut(bytes, places)) {
      received += piece.length;
      for (const { type, stream, payload } of decode(piece))
        decoded.push({ type, stream, payload: new Uint8Array(payload) });
      let end = 0;
      const complete = frames.filter(({ payload }) => (end += 12 + payload.length) <= received).length;
      expect(decoded).toHaveLength(complete);
    }
    expect(decoded).toEqual(frames);
  },
);

test.prop([fc.uint8Array({ maxLength: 2000 }), cuts])(
  "any bytes at any cuts are frames or a typed error",
  (bytes, places) => {
    const decode = createFrameDecoder();
    const code = codeThrownBy(() => {
      for (const piece of cut(bytes, places))
        for (const { payload } of decode(piece)) expect(payload.length).toBeLessThanOrEqual(MAX_PAYLOAD);
    });
    expect(code).toMatch(/^(none|GUEST_AGENT_PROTOCOL)$/);
  },
);

test.each([
  ["a payload of more than 65,536 bytes", "010001000100000005000000"],
  ["a payload of almost 4 GiB", "ffffffff0100000005000000"],
  ["a byte that is not zero behind the type", "000000000100000005000001"],
])("%s is refused by the header alone, behind good frames too", (_, header) => {
  const bad = Buffer.from(header, "hex");
  const refusal = expect.objectContaining({ code: "GUEST_AGENT_PROTOCOL" });
  expect(() => createFrameDecoder()(bad)).toThrow(refusal);
  expect(() => createFrameDecoder()(Buffer.concat([frame(1, 1, "x"), bad]))).toThrow(refusal);
});

test("the largest frame is taken, also byte by byte at its header", () => {
  const bytes = frame(5, 9, Buffer.alloc(MAX_PAYLOAD, 7));
  const decode = createFrameDecoder();
  for (let at = 0; at < 12; at++) expect(decode(bytes.subarray(at, at + 1))).toEqual([]);
  expect(decode(bytes.subarray(12))).toMatchObject([{ type: 5, stream: 9 }]);
});
