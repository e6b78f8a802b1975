import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../judges/run-tool.ts";

/** Certificates of an authority made for one test, as PEM files in one directory and as texts. */
export interface Certificates {
  /** Also what skopeo takes as `--cert-dir`: the authority and the client's certificate. */
  readonly clientDirectory: string;
  readonly ca: string;
  /** Of 127.0.0.1, localhost and registry.example, which a proxy may lead to. */
  readonly server: CertificateFiles;
  readonly client: CertificateFiles;
}

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes an authority, and a certificate each for a server on loopback and for a client; needs openssl. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  const clientDirectory = join(directory, "client");
  await mkdir(clientDirectory, { recursive: true });
  const ca = await selfSigned(
    join(clientDirectory, "ca.crt"),
    join(directory, "ca.key"),
    "fixture authority",
  );
  const issue = async (certFile: string, keyFile: string, extensions: string): Promise<CertificateFiles> => {
    const request = join(directory, "request.pem");
    const extensionFile = join(directory, "extensions");
    await writeFile(extensionFile, extensions);
    await runTool("openssl", [
      "req",
      "-new",
      ...newKey,
      "-subj",
      "/CN=fixture",
      "-keyout",
      keyFile,
      "-out",
      request,
    ]);
    const authority = [
      "-CA",
      ca.certFile,
      "-CAkey",
      ca.keyFile,
      "-CAcreateserial",
      "-extfile",
      extensionFile,
    ];
    await runTool("openssl", ["x509", "-req", "-days", "1", "-in", request, ...authority, "-out", certFile]);
    return await readFiles(certFile, keyFile);
  };
  return {
    clientDirectory,
    ca: ca.cert,
    server: await issue(
      join(directory, "server.crt"),
      join(directory, "server.key"),
      "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.example\nextendedKeyUsage=serverAuth\n",
    ),
    // The names that skopeo looks for.
    client: await issue(
      join(clientDirectory, "client.cert"),
      join(clientDirectory, "client.key"),
      "extendedKeyUsage=clientAuth\n",
    ),
  };
}

const newKey = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/** A key and a certificate that it signs itself; `keyArguments` are openssl's. */
export async function selfSigned(
  certFile: string,
  keyFile: string,
  name: string,
  keyArguments: readonly string[] = newKey,
): Promise<CertificateFiles> {
  const subject = ["-days", "1", "-subj", `/CN=${name}`];
  await runTool("openssl", [
    "req",
    "-x509",
    ...keyArguments,
    ...subject,
    "-keyout",
    keyFile,
    "-out",
    certFile,
  ]);
  return await readFiles(certFile, keyFile);
}

async function readFiles(certFile: string, keyFile: string): Promise<CertificateFiles> {
  const [cert, key] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
  return { certFile, keyFile, cert, key };
}
