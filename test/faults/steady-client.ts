/**
 * A program that asks a web server again and again, with a new connection each time, until SIGTERM.
 * Then it prints a line of JSON: how many requests it sent, and what became of those that failed.
 */
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const WORKERS = 2;
const PAUSE_MS = 10;
const WITHIN_MS = 3000;

const url = process.argv[2]!;
const failed: string[] = [];
const ending = new AbortController();
let sent = 0;
const startedMs = performance.now();

function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: WITHIN_MS }, (response) => {
      response.resume();
      response.on("end", () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      );
      response.on("error", reject);
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
    asked.on("error", reject);
    asked.end();
  });
}

async function work(): Promise<void> {
  while (!ending.signal.aborted) {
    sent++;
    const atMs = Math.round(performance.now() - startedMs);
    await ask().catch((error: Error) => failed.push(`after ${atMs} ms: ${error.message}`));
    await pause(PAUSE_MS);
  }
}

process.on("SIGTERM", () => ending.abort());
console.log("asking");
await Promise.all(Array.from({ length: WORKERS }, work));
console.log(JSON.stringify({ sent, failed }));
