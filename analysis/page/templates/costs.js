// The two sliders: exact counts of multiplications by depth and width, on bars with a logarithmic scale.

const { costs } = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const DECADES = Math.ceil(Math.log10(Math.max(...costs.forget.flat())));

/** The digits of an integer in groups of three, apart by a margin, so that what is copied is the plain integer. */
function digits(element, value) {
  const groups = String(value)
    .replace(/\B(?=(\d{3})+$)/g, ",")
    .split(",");
  element.classList.add("digits");
  element.replaceChildren(
    ...groups.map((group) => Object.assign(document.createElement("span"), { textContent: group })),
  );
}

const grouped = (value) => value.toLocaleString("en").replaceAll(",", " ");

function sentence(depth, width) {
  const [forget, remember] = [costs.forget[depth][width], costs.remember[depth][width]];
  const times = forget / remember;
  const ratio = times < 10 ? times.toFixed(1) : grouped(Math.round(times));
  const layers = depth === 0 ? "one hidden layer" : `${depth + 1} hidden layers`;
  const next =
    width === 0
      ? "With one node in a layer there is one way only, and forgetting grows with the square of the depth."
      : `Each further layer multiplies what forgetting costs by about ${width + 1}, and adds the same to what remembering costs.`;
  return `With ${layers} of ${width + 1}, forgetting takes ${ratio} times as many multiplications as remembering. ${next}`;
}

function show() {
  const [depth, width] = [Number($("depth").value) - 1, Number($("width").value) - 1];
  $("depth-value").textContent = depth + 1;
  $("width-value").textContent = width + 1;
  for (const name of ["forget", "remember", "parameters"]) {
    const value = costs[name][depth][width];
    digits($(`cost-${name}`), value);
    $(`bar-${name}`).style.width = `${(100 * Math.log10(value)) / DECADES}%`;
  }
  $("cost-sentence").textContent = sentence(depth, width);
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
for (let decade = 0; decade <= DECADES; decade += 2) {
  const text = decade === 0 ? "1" : decade === 2 ? "100" : `10${SUPERSCRIPTS[decade]}`;
  const tick = Object.assign(document.createElement("span"), { textContent: text });
  tick.style.left = `${(100 * decade) / DECADES}%`;
  $("ticks").append(tick);
}
for (const name of ["depth", "width"]) $(name).addEventListener("input", show);
show();
