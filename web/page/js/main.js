// The page: what is chosen, what is shown, what is said.

import { Camera } from './camera.js';
import { Stage } from './drawing.js';
import { Engine } from './engine.js';
import { Found, describe, summary } from './found.js';
import { readPicture } from './pictures.js';
import { countAreas } from './results.js';
import { asCoco, asCsv, download } from './saving.js';
import { listResults, readResult } from './viewer.js';

const $ = (id) => document.getElementById(id);
let engine = null;
const stage = new Stage($('canvas')), camera = new Camera($('video'));
const found = new Found($('legend').tBodies[0], $('objects'), $('objects-title'), point);
const state = { models: [], info: null, place: -1, loading: null, picture: null, result: null, isLive: false, turn: 0 };

function say(text) {
  $('status').textContent = text;
  $('problem').hidden = true;
}

function fail(error) {
  $('problem').textContent = error.message;
  $('problem').hidden = false;
  $('status').textContent = '';
  document.documentElement.dataset.state = 'failed';
}

/** Run what a control asks for; errors end in one line. Of two that overlap the later one is shown. */
async function attempt(action) {
  const turn = ++state.turn;
  document.documentElement.dataset.state = 'busy';
  try {
    await action(() => turn !== state.turn);
    if (turn === state.turn) document.documentElement.dataset.state = 'done';
  } catch (error) {
    if (turn === state.turn) fail(error);
  }
}

function point(number) {
  stage.shown = number;
  stage.draw();
  found.mark(number);
}

/** Predict for the picture chosen, if there are both a model and a picture; a model that is being loaded is waited for. */
async function predict(isLate) {
  if (state.loading) say('Loading the model\u2026');
  await state.loading;
  if (isLate()) return;
  const { info, picture } = state;
  if (!info || !picture) return say(info ? 'Ready: choose a picture.' : 'Choose a model.');
  stage.show(picture.image);
  say(`Working on ${picture.name}\u2026`);
  const score = info.task === 'semantic' ? null : Number($('score').value) / 100;
  const { result, milliseconds } = await engine.predict(picture.image, score);
  if (isLate()) return;
  present(picture, result);
  say(`${picture.name}: ${summary(result)}. ${Math.round(milliseconds)} ms.`);
}

function present(picture, result) {
  state.result = result;
  $('tip').hidden = true;
  stage.show(picture.image, result);
  showAttention();
  found.show(result);
  $('canvas').setAttribute('aria-label', `${picture.name} with what was found: ${summary(result)}`);
  $('caption').textContent = [`${picture.image.width} x ${picture.image.height} pixels`, picture.note].filter(Boolean).join('; ');
  for (const id of ['save-png', 'save-csv', 'save-coco']) $(id).disabled = id === 'save-coco' && !result.instances;
}

/** What the chosen attention keeps, over the picture and in words; the controls are there where the model tells. */
function showAttention() {
  const isShown = $('attention').checked, kept = state.result?.attention?.[$('attention-map').selectedIndex];
  stage.attention = isShown ? $('attention-map').selectedIndex : -1;
  stage.draw();
  $('attention-map').disabled = !isShown;
  $('attention-note').hidden = !isShown || !kept;
  if (!kept) return;
  const [least, most] = [Math.min, Math.max].map((end) => kept.values.reduce((one, other) => end(one, other)).toFixed(2));
  $('attention-note').textContent = `Dark is what it looks away from. Of the ${kept.name.replace(/^\d+: /, '')} cells it keeps ${least} to ${most}.`;
}

function forget() {
  state.result = null;
  found.clear();
  for (const id of ['save-png', 'save-csv', 'save-coco']) $(id).disabled = true;
}

const take = (file) => attempt(async (isLate) => {
  stopLive();
  say(`Reading ${file.name || 'the picture'}\u2026`);
  const picture = await readPicture(file);
  if (isLate()) return;
  state.picture = picture;
  forget();
  await predict(isLate);
});

/** Load a model and use it; if that fails the one before stays. A picture that is chosen meanwhile waits for it. */
async function useModel(source, about, isLate) {
  forget();
  say(`Loading ${about.title}${about.megabytes ? `, ${about.megabytes.toFixed(1)} MB` : ''}\u2026`);
  const loading = adopt(source, about, () => state.loading === loading);
  state.loading = loading;
  try {
    await loading;
  } finally {
    if (state.loading === loading) {
      state.loading = null;
      $('model').selectedIndex = state.place;
    }
  }
  await predict(isLate);
}

async function adopt(source, about, isWanted) {
  const info = await engine.load(source);
  if (!isWanted()) return;
  state.info = info;
  state.place = state.models.indexOf(about);
  $('about').textContent = [about.about, `${info.task}, ${info.classes.length} classes, works at ${info.size[1]} x ${info.size[0]} pixels.`,
    info.licence ? `Licence of the weights: ${info.licence}.` : ''].filter(Boolean).join(' ');
  $('example').hidden = !about.example;
  $('score-row').hidden = info.task !== 'instance';
  $('attention-row').hidden = !info.attention.length;
  $('attention-map').replaceChildren(...info.attention.map((name) => new Option(name)));
  setScore(info.score);
}

const choose = (number) => attempt((isLate) => {
  stopLive();
  const about = state.models[number];
  return useModel({ url: new URL(`models/${about.file}`, document.baseURI).href }, about, isLate);
});

const openOwn = (file) => attempt(async (isLate) => {
  stopLive();
  try {
    await useModel({ bytes: await file.arrayBuffer() }, { title: file.name }, isLate);
  } catch (error) {
    throw new Error(`${file.name}: ${error.message}`);
  }
});

function setScore(value) {
  $('score').value = Math.round(100 * value);
  $('score-value').textContent = value.toFixed(2);
}

function stopLive() {
  state.isLive = false;
  camera.stop();
  $('live').setAttribute('aria-pressed', 'false');
  $('live').textContent = 'Camera: live';
  $('rate').hidden = true;
}

const shoot = () => attempt(async (isLate) => {
  stopLive();
  await state.loading;
  if (!state.info) throw new Error('Camera: choose a model first');
  say('Waiting for the camera\u2026');
  try {
    await camera.start();
    state.picture = { name: 'camera', image: camera.frame(), note: '' };
  } finally {
    camera.stop();
  }
  await predict(isLate);
});

const live = () => attempt(async (isLate) => {
  if (state.isLive) {
    stopLive();
    return say('Camera stopped; its last frame is shown.');
  }
  await state.loading;
  if (!state.info) throw new Error('Camera: choose a model first');
  say('Waiting for the camera\u2026');
  await camera.start();
  state.isLive = true;
  $('live').setAttribute('aria-pressed', 'true');
  $('live').textContent = 'Stop the camera';
  say('Live: what the camera sees, labelled at the network\u2019s size.');
  let last = performance.now();
  while (state.isLive && !isLate()) {
    const picture = { name: 'camera', image: camera.frame(), note: '' };
    const { result } = await engine.predict(picture.image, null, true);
    if (!state.isLive || isLate()) break;
    state.picture = picture;
    present(picture, result);
    const now = performance.now();
    $('rate').hidden = false;
    $('rate').textContent = `${(1000 / (now - last)).toFixed(1)} frames a second`;
    last = now;
    await new Promise(requestAnimationFrame);
  }
});

const example = () => attempt(async (isLate) => {
  const about = state.models[$('model').selectedIndex];
  const answer = await fetch(`examples/${about.example}`);
  if (!answer.ok) throw new Error(`${about.example}: the server answers ${answer.status}`);
  stopLive();
  const picture = await readPicture(new File([await answer.blob()], about.example));
  if (isLate()) return;
  state.picture = picture;
  forget();
  await predict(isLate);
});

function listen(areResults) {
  $('model').addEventListener('change', () => choose($('model').selectedIndex));
  $('file').addEventListener('change', (event) => event.target.files[0] && take(event.target.files[0]));
  $('own').addEventListener('change', (event) => event.target.files[0] && openOwn(event.target.files[0]));
  for (const id of ['file', 'own']) $(id).addEventListener('click', (event) => (event.target.value = '')); // the same again
  $('example').addEventListener('click', example);
  $('shot').addEventListener('click', shoot);
  $('live').addEventListener('click', live);
  $('opacity').addEventListener('input', () => {
    $('opacity-value').textContent = `${$('opacity').value} %`;
    stage.opacity = Number($('opacity').value) / 100;
    stage.draw();
  });
  $('outlines').addEventListener('change', () => {
    stage.outlines = $('outlines').checked;
    stage.draw();
  });
  for (const id of ['attention', 'attention-map']) $(id).addEventListener('change', showAttention);
  $('score').addEventListener('input', () => setScore(Number($('score').value) / 100));
  $('score').addEventListener('change', () => state.isLive || attempt(predict));
  const base = () => state.picture.name.replace(/\.[^.]*$/, '');
  $('save-png').addEventListener('click', () => {
    point(0);
    $('canvas').toBlob((blob) => download(blob, `${base()}_found.png`));
  });
  $('save-csv').addEventListener('click', () => download(new Blob([asCsv(state.result, state.picture.name)], { type: 'text/csv' }), `${base()}_objects.csv`));
  $('save-coco').addEventListener('click', () => download(new Blob([asCoco(state.result, state.picture.name)], { type: 'application/json' }), `${base()}_instances.json`));
  $('canvas').addEventListener('pointermove', hover);
  $('canvas').addEventListener('pointerdown', hover);
  $('canvas').addEventListener('pointerleave', () => {
    $('tip').hidden = true;
    if (stage.shown) point(0);
  });
  if (areResults) return;
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) take(file);
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dragging');
  });
  document.addEventListener('dragleave', () => document.body.classList.remove('dragging'));
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dragging');
    const file = event.dataTransfer?.files[0];
    if (file) file.name.endsWith('.onnx') ? openOwn(file) : take(file);
  });
}

function hover(event) {
  const { number, label } = stage.at(event), { result } = state;
  const text = number ? describe(result.objects[number - 1], number - 1) : label >= 0 ? result.classes[label] : '';
  const tip = $('tip'), frame = $('stage').getBoundingClientRect();
  tip.hidden = !text;
  tip.textContent = text;
  const x = Math.min(event.clientX - frame.left + 12, frame.width - tip.offsetWidth), y = event.clientY - frame.top + 14;
  tip.style.setProperty('left', `${Math.max(0, x)}px`);
  tip.style.setProperty('top', `${y}px`);
  if (number !== stage.shown) point(number);
}

/** Models to choose from, the first of them loaded. */
async function startWithModels(isLate) {
  engine = new Engine();
  const answer = await fetch('models/index.json');
  if (!answer.ok) throw new Error('models/index.json is missing: build the page with its models, bash web/build.sh');
  state.models = await answer.json();
  $('model').replaceChildren(...state.models.map((one) => new Option(one.title, one.file)));
  $('model').disabled = !state.models.length;
  if (!state.models.length) return say('No models here: open one of your own.');
  const wanted = new URLSearchParams(location.search).get('model');
  const number = Math.max(0, state.models.findIndex((one) => one.file === `${wanted}.onnx`));
  $('model').selectedIndex = number;
  const about = state.models[number];
  await useModel({ url: new URL(`models/${about.file}`, document.baseURI).href }, about, isLate);
}

/** Show the result at a place of the folder. */
async function showResult(isLate) {
  const place = $('picture').selectedIndex, last = $('picture').options.length - 1;
  $('previous').disabled = place <= 0;
  $('next').disabled = place >= last;
  forget();
  const { result, file } = await readResult(place);
  const picture = await readPicture(file, Infinity);
  if (isLate()) return;
  result.areas = countAreas(result);
  state.picture = picture;
  present(picture, result);
  say(`${picture.name}, ${place + 1} of ${last + 1}: ${summary(result)}.`);
}

/** Results of a folder to look at; nothing is computed. */
async function startWithResults(isLate) {
  $('choose').hidden = true;
  $('folder').hidden = false;
  $('picture').replaceChildren(...(await listResults()).map((name, place) => new Option(name, place)));
  const step = (by) => {
    $('picture').selectedIndex += by;
    return attempt(showResult);
  };
  $('picture').addEventListener('change', () => attempt(showResult));
  $('previous').addEventListener('click', () => step(-1));
  $('next').addEventListener('click', () => step(1));
  await showResult(isLate);
}

const areResults = new URLSearchParams(location.search).has('results');
listen(areResults);
attempt(areResults ? startWithResults : startWithModels);
