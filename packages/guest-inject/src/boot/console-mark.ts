/** What the init says on the console (init/init-conf.md, "Marks on the console"). */
export type ConsoleMark = Readonly<
  /** The program is executed, so many seconds after the kernel started. */
  | { kind: "start"; seconds: number }
  | { kind: "agent"; transport: string; address: string }
  | { kind: "exit"; code: number; signal: number | undefined; outOfMemory: boolean }
  | { kind: "failed"; reason: string }
  | { kind: "warning"; text: string }
>;
