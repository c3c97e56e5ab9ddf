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

/** A quotient in a few digits. */
const quotient = (value) => (value < 10 ? value.toFixed(1) : grouped(Math.round(value)));

function sentence(depth, width) {
  const [forget, remember] = [costs.forget, costs.remember].map((table) => table.map((row) => row[width]));
  const layers = depth === 0 ? "one hidden layer" : `${depth + 1} hidden layers`;
  const last = depth === forget.length - 1;
  const [from, to] = last ? [depth - 1, depth] : [depth, depth + 1];
  const another = last ? "The last of these layers multiplied" : "One layer more multiplies";
  return (
    `With ${layers} of ${width + 1}, forgetting takes ${quotient(forget[depth] / remember[depth])} times as many ` +
    `multiplications as remembering. ${another} what forgetting takes by ${quotient(forget[to] / forget[from])}, and ` +
    `${last ? "added" : "adds"} ${remember[to] - remember[from]} to what remembering takes.`
  );
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
