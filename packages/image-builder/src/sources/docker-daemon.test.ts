import { expect, test } from "vitest";
import { daemonAddress } from "./docker-daemon.ts";

test.each([
  [{}, { kind: "socket", path: "/var/run/docker.sock" }],
  [{ DOCKER_HOST: "" }, { kind: "socket", path: "/var/run/docker.sock" }],
  [
    { DOCKER_HOST: "unix:///run/user/1000/docker.sock" },
    { kind: "socket", path: "/run/user/1000/docker.sock" },
  ],
  [{ DOCKER_HOST: "tcp://127.0.0.1:2375" }, { kind: "tcp", host: "127.0.0.1", port: 2375 }],
  [{ DOCKER_HOST: "tcp://[::1]:2375/" }, { kind: "tcp", host: "::1", port: 2375 }],
  [
    { DOCKER_HOST: "tcp://h:2375", DOCKER_TLS_VERIFY: "" },
    { kind: "tcp", host: "h", port: 2375 },
  ],
  [
    { DOCKER_HOST: "tcp://h:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" },
    { kind: "tls", host: "h", port: 2376, certificates: "/certs" },
  ],
])("%j is %j", (variables, address) => {
  expect(daemonAddress(variables)).toEqual(address);
});

test.each([
  "/var/run/docker.sock",
  "ssh://user@host",
  "npipe:////./pipe/docker",
  "tcp://host",
  "tcp://host:99999",
  "tcp://u:secret@host:1",
  "unix://relative",
])("%s is refused, and its secrets are not repeated", (host) => {
  expect(() => daemonAddress({ DOCKER_HOST: host })).toThrow(
    expect.objectContaining({ code: "OPTIONS_INVALID", message: expect.not.stringContaining("secret") }),
  );
});
