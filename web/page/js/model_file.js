// What an exported file says of itself, read from its bytes as mmmaskattn_runtime/onnx_metadata.py does.

const GRAPH = 7, METADATA = 14, BYTES = 2, VARINT = 0, EIGHT = 1, FOUR = 5;
export const TASKS = ['semantic', 'instance', 'panoptic'];

/** Fields of a message of protocol buffers: number and, of those that are bytes, these. */
function* fields(bytes) {
  let place = 0;
  const number = () => {
    let value = 0;
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      if (place >= bytes.length) throw new Error('it is cut short, or no ONNX file');
      const byte = bytes[place++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Error('it is no ONNX file');
  };
  while (place < bytes.length) {
    const key = number(), kind = key % 8, field = Math.floor(key / 8);
    if (!field || ![VARINT, EIGHT, BYTES, FOUR].includes(kind)) throw new Error('it is no ONNX file');
    const length = kind === VARINT || kind === BYTES ? number() : kind === EIGHT ? 8 : 4;
    const end = kind === VARINT ? place : place + length;
    if (end > bytes.length) throw new Error('it is cut short, or no ONNX file');
    yield [field, kind === BYTES ? bytes.subarray(place, end) : null];
    place = end;
  }
}

/** Metadata of an exported file (Uint8Array); an Error says in a few words why it is none. */
export function readInfo(bytes) {
  let text = null, hasGraph = false;
  for (const [field, content] of fields(bytes)) {
    hasGraph ||= field === GRAPH;
    if (field !== METADATA || !content) continue;
    const pair = Object.fromEntries([...fields(content)].map(([key, value]) => [key, new TextDecoder().decode(value)]));
    if (pair[1] === 'mmmaskattn') text = pair[2];
  }
  if (!hasGraph) throw new Error('it is no ONNX file');
  if (text === null) throw new Error('it was not written by mmmaskattn export');
  let info;
  try {
    info = JSON.parse(text);
  } catch {
    throw new Error('its metadata are no JSON; export it again');
  }
  return checked(info);
}

function checked(info) {
  const whole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;
  const list = (value) => Array.isArray(value);
  const wrong = (key, expected) => new Error(`its metadata '${key}' are not ${expected}; export it again`);
  if (!info || info.format !== 1) throw wrong('format', '1, the one that this page knows');
  if (!TASKS.includes(info.task)) throw wrong('task', TASKS.join(' or '));
  if (!list(info.classes) || !info.classes.length || !info.classes.every((name) => typeof name === 'string')) {
    throw wrong('classes', 'a list of names');
  }
  const count = info.classes.length;
  const isColour = (one) => list(one) && one.length === 3 && one.every((value) => whole(value, 0, 255));
  if (!list(info.palette) || info.palette.length !== count || !info.palette.every(isColour)) {
    throw wrong('palette', 'one colour for each class');
  }
  if (!list(info.things) || !info.things.every((one) => whole(one, 0, count - 1))) throw wrong('things', 'labels');
  if (info.task !== 'semantic' && !info.things.length) throw wrong('things', 'labels');
  if (!list(info.size) || info.size.length !== 2 || !info.size.every((one) => whole(one, 1, 8192))) {
    throw wrong('size', '[height, width]');
  }
  if (!['nhwc', 'nchw'].includes(info.layout ?? 'nhwc')) throw wrong('layout', 'nhwc or nchw');
  const attention = info.attention ?? [];
  if (!list(attention) || !attention.every((name) => typeof name === 'string')) throw wrong('attention', 'a list of names');
  const score = info.thresholds?.score ?? 0.3, most = info.thresholds?.instances ?? 100;
  return { ...info, layout: info.layout ?? 'nhwc', score, most, attention, things: [...info.things].sort((a, b) => a - b) };
}
