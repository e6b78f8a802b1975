import { GuestError } from "../errors.ts";

/** COMMAND_LINE_SIZE is 2048 with the NUL on x86 and arm64; Firecracker takes no more either. */
const maxLength = 2047;

/**
 * Joins arguments as the kernel takes them apart (kernel-parameters.rst; lib/cmdline.c, next_arg): blanks separate, double quotes
 * keep them, and there is no way to write a double quote.
 *
 * @throws {GuestError} GUEST_LAUNCH for an argument that cannot be written, or a line that is too long.
 */
export function kernelCommandLine(parameters: readonly string[]): string {
  const line = parameters.map((parameter) => quoteParameter(parameter)).join(" ");
  if (line.length > maxLength)
    throw new GuestError(
      "GUEST_LAUNCH",
      `the kernel's command line has ${line.length} bytes`,
      `it may have ${maxLength}`,
    );
  return line;
}

function quoteParameter(parameter: string): string {
  if (parameter === "" || !/^[\x20-\x7e]*$/.test(parameter) || parameter.includes('"'))
    throw new GuestError(
      "GUEST_LAUNCH",
      `${JSON.stringify(parameter.slice(0, 200))} cannot be a kernel argument`,
      "kernel arguments are printable ASCII without double quotes",
    );
  if (!parameter.includes(" ")) return parameter;
  const equals = parameter.indexOf("=");
  // Quotes around a value are taken off; so are quotes around the whole argument.
  return equals === -1 || parameter.slice(0, equals).includes(" ")
    ? `"${parameter}"`
    : `${parameter.slice(0, equals)}="${parameter.slice(equals + 1)}"`;
}
