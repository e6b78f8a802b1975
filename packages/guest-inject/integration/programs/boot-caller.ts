/** Boots the machine that is its argument: a caller that is killed in the middle of it. */
import process from "node:process";
import { bootWithQemu } from "../../src/boot/boot-with-qemu.ts";
import type { LaunchMachine } from "../../src/launch/machine.ts";

const machine: LaunchMachine = JSON.parse(process.argv[2] ?? "");
await bootWithQemu({ machine, accelerator: "tcg" });
