// Results that were found before, which the server of mmmaskattn view reads from a folder.

async function ask(name) {
  const answer = await fetch(`results/${name}`);
  if (!answer.ok) throw new Error(`results/${name}: the server answers ${answer.status}; start it by mmmaskattn view FOLDER`);
  return answer;
}

/** Names of the pictures. */
export async function listResults() {
  return (await ask('index.json')).json();
}

/** The picture and the result at a place, as the page shows those that it computes. */
export async function readResult(place) {
  const result = await (await ask(`${place}/result.json`)).json();
  if (result.problem) throw new Error(result.problem);
  const words = async (name) => new Int32Array(await (await ask(`${place}/${name}`)).arrayBuffer());
  const [labels, objectMap] = [await words('labels'), await words('objects')];
  result.labels = result.task === 'instance' ? null : labels;
  result.objectMap = objectMap;
  return { result, file: new File([await (await ask(`${place}/picture.png`)).blob()], result.name.split('/').pop()) };
}
