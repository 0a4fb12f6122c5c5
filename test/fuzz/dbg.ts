import { attack } from "./attack.ts";
const first=Number(process.argv[2]), n=Number(process.argv[3]);
const t=performance.now();
const r = await attack(Array.from({length:n},(_, i)=>first+i));
console.log(performance.now()-t, r.findings.map(f=>[f.seed,f.fault.slice(0,300),f.request.slice(0,300)]), r.codes, r.deeds, process.memoryUsage().rss/1e6, process.getActiveResourcesInfo().join());
setTimeout(()=>process.exit(0), 4000);
