/** The least that a Node server can do: answers every request with the same bytes. Arguments: port, bytes, PEM files. */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const [port = "", bytes = "", cert = "", key = ""] = process.argv.slice(2);
const body = Buffer.alloc(Number(bytes), "a");
const headers = { "content-type": "application/json", "content-length": body.length };
createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) => {
  response.writeHead(200, headers).end(body);
}).listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
