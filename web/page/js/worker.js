// Runs exported models beside the page, so that the page stays answering. One thread of WebAssembly.

import * as ort from '../ort/ort.wasm.min.mjs';
import { readInfo } from './model_file.js';
import { makeResult } from './results.js';

const OUTPUTS = {
  semantic: ['labels'],
  instance: ['owners', 'classes', 'scores', 'class_scores'],
  panoptic: ['owners', 'classes', 'scores', 'class_scores', 'labels'],
};
const ATTENTION = 'attention'; // an output of files whose metadata name its maps
const VALUES = 2 ** 25; // pixels times objects or classes up to which maps are made at the picture's own size

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL('../ort/', import.meta.url).href;
ort.env.logLevel = 'fatal';
let current = null; // { info, session, names }

let latest = 0; // number of the last load that was begun

async function load({ url, bytes }) {
  const number = ++latest;
  if (url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: the server answers ${answer.status}`);
    bytes = await answer.arrayBuffer();
  }
  const info = readInfo(new Uint8Array(bytes));
  const session = await ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ['wasm'], logSeverityLevel: 4 });
  const names = [...OUTPUTS[info.task], ...(info.attention.length ? [ATTENTION] : [])];
  const missing = names.filter((name) => !session.outputNames.includes(name));
  if (missing.length || session.inputNames.length !== 2) {
    throw new Error(`it has not the inputs and outputs of a ${info.task} model; export it again`);
  }
  if (number !== latest) {
    await session.release();
    throw new Error('another model was chosen');
  }
  await current?.session.release();
  current = { info, session, names };
  return { info };
}

async function run(rgb, height, width, size) {
  const { info, session, names } = current;
  const shape = info.layout === 'nhwc' ? [1, height, width, 3] : [1, 3, height, width];
  const feeds = {
    pictures: new ort.Tensor('uint8', rgb, shape),
    output_size: new ort.Tensor('int64', BigInt64Array.from(size.map(BigInt)), [2]),
  };
  const found = await session.run(feeds, names);
  const outputs = Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, tensor.data]));
  return { ...outputs, attention: found[ATTENTION] && keptOf(found[ATTENTION], info.attention) };
}

/** What each attention keeps, 0 to 1: { name, width, height, values }; dims are (1, maps, height, width). */
function keptOf({ dims, data }, names) {
  const [height, width] = dims.slice(-2), size = height * width;
  if (data.length !== names.length * size) throw new Error(`its output '${ATTENTION}' has not one map for each name; export it again`);
  return names.map((name, place) => ({ name, width, height, values: data.slice(place * size, (place + 1) * size) }));
}

/** Bytes of RGBA as the model's RGB. */
function withoutAlpha(rgba, layout) {
  const pixels = rgba.length / 4, rgb = new Uint8Array(3 * pixels);
  const [step, plane] = layout === 'nhwc' ? [3, 1] : [1, pixels];
  for (let place = 0; place < pixels; place++) {
    for (let channel = 0; channel < 3; channel++) rgb[place * step + channel * plane] = rgba[4 * place + channel];
  }
  return rgb;
}

async function predict({ rgba, height, width, atNetwork, score }) {
  const { info } = current, start = performance.now();
  const rgb = withoutAlpha(new Uint8ClampedArray(rgba), info.layout);
  let size = info.size;
  if (!atNetwork) {
    let depth = Math.max(info.classes.length, 4);
    if (info.task !== 'semantic' && height * width * Math.max(depth, info.most) > VALUES) {
      depth = Math.max(depth, (await run(rgb, height, width, size)).scores.length);
    }
    const parts = Math.max(1, Math.ceil(Math.sqrt((height * width * depth) / VALUES)));
    size = [Math.ceil(height / parts), Math.ceil(width / parts)];
  }
  const outputs = await run(rgb, height, width, size), ran = performance.now();
  const result = { ...makeResult(info, outputs, size, [height, width], score ?? info.score), attention: outputs.attention };
  return { result, milliseconds: ran - start };
}

const ACTIONS = { load, predict };
self.onmessage = async ({ data: { id, action, options } }) => {
  try {
    self.postMessage({ id, value: await ACTIONS[action](options) });
  } catch (error) {
    // onnxruntime-web throws bare numbers when its memory ends.
    const isNumber = typeof error === 'number' || /^\d+$/.test(error?.message ?? '');
    const reason = isNumber ? `onnxruntime-web failed (${error?.message ?? error}); perhaps its memory did not suffice` : error?.message ?? String(error);
    self.postMessage({ id, problem: reason.split('\n')[0].slice(0, 300) });
  }
};
