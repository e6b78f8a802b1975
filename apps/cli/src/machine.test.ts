import type { KernelFacts } from "@bootlayer/image-builder";
import { expect, test } from "vitest";
import { machineOf, type MachineGuest } from "./machine.ts";

const guest: MachineGuest = {
  architecture: "amd64",
  kernelArguments: [],
  initrd: undefined,
  disk: "/disk",
  readOnly: false,
  config: {},
};

function kernelFor(architecture: string | undefined): KernelFacts {
  return {
    path: "/kernel",
    kind: "elf",
    version: undefined,
    architecture,
    config: undefined,
    findings: [],
  };
}

test.each(["arm64", "riscv64"])("a kernel for %s is refused for a disk for amd64", (architecture) => {
  expect(() => machineOf({ memory: 512, cpus: 1, cid: 3 }, kernelFor(architecture), "qemu", guest)).toThrow(
    expect.objectContaining({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining(architecture) as string,
    }),
  );
});

test.each(["amd64", undefined])("a kernel for %s is taken for a disk for amd64", (architecture) => {
  expect(machineOf({ memory: 512, cpus: 1, cid: 3 }, kernelFor(architecture), "qemu", guest)).toMatchObject({
    architecture: "amd64",
    kernel: "/kernel",
  });
});
