"use strict";

const { createServer } = require("node:http");
const { hostname } = require("node:os");

function log(line) {
  process.stdout.write(`${line}\n`);
}

const port = Number(process.env.PORT ?? 3000);

const server = createServer((request, response) => {
  log(`${request.method} ${request.url}`);
  const answer = {
    pid: process.pid,
    uid: process.getuid(),
    gid: process.getgid(),
    cwd: process.cwd(),
    home: process.env.HOME,
    hostname: hostname(),
    argv: process.argv,
  };
  response.setHeader("Content-Type", "application/json");
  response.end(`${JSON.stringify(answer)}\n`);
});

server.listen(port, () => log(`listening on ${port}`));

process.once("SIGTERM", () => {
  log("stopping");
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
