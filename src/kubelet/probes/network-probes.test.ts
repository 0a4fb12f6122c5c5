import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { systemClock } from "#base/clock";
import { probeGrpc } from "./grpc-probe.ts";
import { probeHttp } from "./http-probe.ts";
import { probeTcp } from "./tcp-probe.ts";

const HOST = "127.0.0.1";
const { signal } = new AbortController();

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createTcpServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

suite("a probe over HTTP", () => {
  const ask = async (path: string, headers: { name: string; value: string }[] = []) => {
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url!, "http://x");
      const location = searchParams.get("to");
      if (pathname === "/header") response.writeHead(request.headers["x-probe"] === "yes" ? 200 : 400);
      else if (pathname === "/host") response.writeHead(request.headers.host === "name" ? 200 : 400);
      else response.writeHead(Number(pathname.slice(1)), location ? { location } : {});
      response.end("body");
    }).listen(0, HOST);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      return await probeHttp({ scheme: "HTTP", host: HOST, port, path, headers }, signal);
    } finally {
      server.close();
    }
  };

  test("200 is good", async () => assert.ok((await ask("/200")).success));
  test("399 is good", async () => assert.ok((await ask("/399")).success));
  test("400 is not", async () =>
    assert.deepEqual(await ask("/400"), {
      success: false,
      output: "HTTP probe failed with statuscode: 400",
    }));
  test("a redirect is followed", async () => assert.ok(!(await ask("/302?to=/500")).success));
  test("but not to another host", async () =>
    assert.equal((await ask("/302?to=http://elsewhere.invalid/")).output, "Probe terminated redirects"));
  test("not for ever", async () =>
    assert.match((await ask("/302?to=/302?to=/302")).output, /^$|stopped after/));
  test("headers go along", async () =>
    assert.ok((await ask("/header", [{ name: "X-Probe", value: "yes" }])).success));
  test("the host header too", async () =>
    assert.ok((await ask("/host", [{ name: "Host", value: "name" }])).success));
  test("a refused connection is said as such", async () => {
    const port = await deadPort();
    const { output } = await probeHttp({ scheme: "HTTP", host: HOST, port, path: "/", headers: [] }, signal);
    assert.equal(
      output,
      `Get "http://${HOST}:${port}/": dial tcp ${HOST}:${port}: connect: connection refused`,
    );
  });
});

suite("a probe over TCP", () => {
  test("is good when somebody listens", async () => {
    const server = createTcpServer((socket) => socket.destroy()).listen(0, HOST);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    assert.ok((await probeTcp(HOST, port, signal)).success);
    server.close();
  });

  test("and else is not", async () => {
    const port = await deadPort();
    assert.match((await probeTcp(HOST, port, signal)).output, /connection refused$/);
  });
});

suite("a probe over gRPC", () => {
  const bytes = (buffer: Buffer) => buffer;
  const ask = async (service: string, status: number) => {
    const server = new Server();
    const check = {
      path: "/grpc.health.v1.Health/Check",
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    // Field 1 of the request is the service's name, field 1 of the answer its status.
    server.addService(
      { Check: check },
      {
        Check: (call: { request: Buffer }, answer: (error: null, value: Buffer) => void) => {
          const asked = call.request.subarray(2).toString();
          answer(null, Buffer.from([8, asked === service ? status : 3]));
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`${HOST}:0`, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    try {
      return await probeGrpc(HOST, port, service, 5_000, systemClock);
    } finally {
      server.forceShutdown();
    }
  };

  test("a service that serves is good", async () => assert.ok((await ask("shop", 1)).success));
  test("one that does not is not", async () =>
    assert.equal((await ask("shop", 2)).output, 'service unhealthy (responded with "NOT_SERVING")'));
  test("nobody there", async () => {
    const port = await deadPort();
    const { output } = await probeGrpc(HOST, port, "", 5_000, systemClock);
    assert.equal(output, `error: failed to connect service at "${HOST}:${port}"`);
  });
});
