// SPDX-License-Identifier: ISC
// onnxruntime on the work of generate.c: each step's likeliest word is the next one's input. As ../rounds.h says.
// Usage: node onnxruntime.js THREADS H L V FILE, made by `pytorch 1 export H L V FILE`.
'use strict';
const readline = require('readline');

function load() {
  try {
    return [require('onnxruntime-node'), require('onnxruntime-node/package.json').version];
  } catch (error) {
    console.error(`onnxruntime-node is missing (${error.code}): npm install onnxruntime-node@1.23 --ignore-scripts`);
    process.exit(1);
  }
}

// With one thread the processor's time of this program, else real time.
function seconds(threads) {
  if (threads > 1) return Number(process.hrtime.bigint()) * 1e-9;
  const { user, system } = process.cpuUsage();
  return 1e-6 * (user + system);
}

function likeliest(logits) {
  let best = 0;
  for (let word = 1; word < logits.length; word++) if (logits[word] > logits[best]) best = word;
  return best;
}

async function main() {
  const [ort, version] = load();
  const [threads, H, L, V] = process.argv.slice(2, 6).map(Number);
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all' };
  const session = await ort.InferenceSession.create(process.argv[6], options);
  let h = new ort.Tensor('float32', new Float32Array(L * H), [L, 1, H]);
  let c = new ort.Tensor('float32', new Float32Array(L * H), [L, 1, H]);
  let word = 0;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const least = Number(line), start = seconds(threads);
    let steps = 0, took = 0;
    do {
      const words = new ort.Tensor('int64', BigInt64Array.of(BigInt(word)), [1, 1]);
      const out = await session.run({ words, h, c });
      [h, c, word] = [out.h1, out.c1, likeliest(out.logits.data)];
      steps++;
      took = seconds(threads) - start;
    } while (took < least);
    console.log(JSON.stringify({ what: 'generate', peer: `onnxruntime ${version}`, shape: `${H}, ${L}; V ${V}`, threads,
      value: Number((steps / took).toPrecision(6)), unit: 'tokens/s' }));
  }
}

main();
