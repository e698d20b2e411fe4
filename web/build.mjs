// Build the page into a folder: node build.mjs [FOLDER]. Copies the page, and onnxruntime-web from the npm package.

import { cp, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const RUNTIME = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

const target = resolve(process.argv[2] ?? join(HERE, 'dist'));
await cp(join(HERE, 'page'), target, { recursive: true });
await mkdir(join(target, 'ort'), { recursive: true });
for (const name of RUNTIME) await cp(join(HERE, 'node_modules/onnxruntime-web/dist', name), join(target, 'ort', name));

// The list of the models that are there: those of models.json first, then others by name.
await mkdir(join(target, 'models'), { recursive: true });
await mkdir(join(target, 'examples'), { recursive: true });
const known = JSON.parse(await readFile(join(HERE, 'models.json'), 'utf8'));
const files = (await readdir(join(target, 'models'))).filter((name) => name.endsWith('.onnx')).sort();
const order = [...known.map((one) => `${one.name}.onnx`).filter((name) => files.includes(name)), ...files].filter((name, place, all) => all.indexOf(name) === place);
const list = [];
for (const file of order) {
  const about = known.find((one) => `${one.name}.onnx` === file) ?? {};
  const megabytes = (await stat(join(target, 'models', file))).size / 1e6;
  if (about.example) await cp(join(HERE, '..', about.example), join(target, 'examples', basename(about.example)));
  list.push({ file, title: about.title ?? basename(file, '.onnx'), about: about.about ?? '', example: about.example && basename(about.example), megabytes });
}
await writeFile(join(target, 'licences.txt'), await licences(list));
await writeFile(join(target, 'models', 'index.json'), JSON.stringify(list, null, 1));
console.log(`${target}: the page with ${list.length} models`);

/** Names, versions and licences of all that the page consists of, with their texts. */
async function licences(models) {
  const ours = JSON.parse(await readFile(join(HERE, 'package.json'), 'utf8'));
  const parts = [`The page, ${ours.name} ${ours.version}: ${ours.license}, see below.`];
  for (const name of ['onnxruntime-web', 'onnxruntime-common']) {
    const { version, license } = JSON.parse(await readFile(join(HERE, 'node_modules', name, 'package.json'), 'utf8'));
    parts.push(`${name} ${version}: ${license}, see below.`);
  }
  const notices = await stat(join(target, 'ort/ThirdPartyNotices.txt')).catch(() => null);
  if (notices) parts.push('What is compiled into onnxruntime: ort/ThirdPartyNotices.txt.');
  for (const { file } of models) {
    const beside = join(target, 'models', file.replace(/\.onnx$/, '.json'));
    const licence = await readFile(beside, 'utf8').then((text) => JSON.parse(text).licence, () => null);
    parts.push(`The weights in models/${file}: ${licence ?? 'no licence is named'}.`);
  }
  const texts = await Promise.all([join(HERE, 'licences/onnxruntime.txt'), join(HERE, '../LICENSE')].map((path) => readFile(path, 'utf8')));
  return [parts.join('\n'), `onnxruntime-web and onnxruntime-common\n\n${texts[0]}`, `The page\n\n${texts[1]}`].join(`\n\n${'_'.repeat(72)}\n\n`);
}
