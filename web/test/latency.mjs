// Latency of models in the page's worker, headless Chromium, one thread of WebAssembly; prints Markdown or, with --json, JSON.
//
// mmmaskattn web --port 8000 &
// node web/test/latency.mjs --url http://localhost:8000/ --picture cells.png [--repeats 30] [--json] [MODEL.onnx ...]

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'http://localhost:8000/' }, picture: { type: 'string' }, chromium: { type: 'string', default: '/usr/bin/chromium' },
    repeats: { type: 'string', default: '30' }, json: { type: 'boolean', default: false },
  },
});
if (!options.picture) throw new Error('--picture is missing');

/** Runs in the page: loads each model, then predicts for the picture again and again, the models in turn. */
async function measure({ files, content, repeats }) {
  const { Engine } = await import('/js/engine.js');
  const { readPicture } = await import('/js/pictures.js');
  const shot = new File([new Uint8Array(content)], 'picture');
  const { image } = await readPicture(shot);
  const found = [];
  for (const file of files) {
    const engine = new Engine(), start = performance.now();
    await engine.load({ url: new URL(`models/${file}`, document.baseURI).href });
    const first = await engine.predict(image);
    found.push({ file, engine, cold: performance.now() - start, first: first.milliseconds, network: [], whole: [], decode: [], result: [], objects: first.result.objects.length });
  }
  for (let turn = 0; turn < repeats; turn++) {
    for (const one of found) {
      const begun = performance.now();
      await readPicture(shot);
      const start = performance.now();
      one.decode.push(start - begun);
      one.network.push((await one.engine.predict(image)).milliseconds);
      one.whole.push(performance.now() - start);
      one.result.push(one.whole.at(-1) - one.network.at(-1));
    }
  }
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const best = (values) => Math.min(...values);
  return found.map(({ file, cold, first, network, whole, decode, result, objects }) => ({
    file, objects, cold_ms: cold, first_ms: first, network_ms: median(network), network_least_ms: best(network), whole_ms: median(whole), whole_least_ms: best(whole),
    decode, network, result,
  }));
}

const browser = await chromium.launch({ executablePath: options.chromium, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const page = await browser.newPage();
  await page.goto(options.url);
  const files = positionals.length ? positionals : await page.evaluate(async () => (await (await fetch('models/index.json')).json()).map((one) => one.file));
  const rows = await page.evaluate(measure, { files, content: [...(await readFile(options.picture))], repeats: Number(options.repeats) });
  if (options.json) console.log(JSON.stringify(rows));
  else {
    console.log('| model | objects | model and wasm loaded, first result, ms | network, ms: median, least | pixels to result, ms: median, least |\n|---|---|---|---|---|');
    for (const one of rows) {
      console.log(`| ${one.file} | ${one.objects} | ${one.cold_ms.toFixed(0)} | ${one.network_ms.toFixed(1)}, ${one.network_least_ms.toFixed(1)} | ${one.whole_ms.toFixed(1)}, ${one.whole_least_ms.toFixed(1)} |`);
    }
  }
} finally {
  await browser.close();
}
