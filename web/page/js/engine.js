// The worker that runs models, as functions that give promises.

export class Engine {
  constructor() {
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.waiting = new Map();
    this.number = 0;
    this.worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      data.problem === undefined ? resolve(data.value) : reject(new Error(data.problem));
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.waiting.values()) reject(new Error('the part that computes could not start; is the page built whole?'));
      this.waiting.clear();
    };
  }

  ask(action, options, transfer = []) {
    return new Promise((resolve, reject) => {
      const id = this.number++;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, action, options }, transfer);
    });
  }

  /** Load a model by its address (`url`) or its `bytes`; gives its metadata. */
  async load(source) {
    return (await this.ask('load', source, source.bytes ? [source.bytes] : [])).info;
  }

  /** Predict for an ImageData; `atNetwork` for maps at the network's size, enlarged. */
  predict(image, score, atNetwork = false) {
    const rgba = image.data.slice().buffer;
    return this.ask('predict', { rgba, height: image.height, width: image.width, score, atNetwork }, [rgba]);
  }
}
