/** A program that starts a cluster, tells what it is called, and never removes it. */
import { setTimeout as pause } from "node:timers/promises";
import { startLocalCluster } from "../local-cluster.ts";

const { places } = await startLocalCluster();
console.log(`started ${places.name} below ${places.dir}`);
await pause(600_000);
