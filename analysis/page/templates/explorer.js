// The explorer: replays recorded steps. What is drawn is a function of how many steps have been taken, so going back
// is going to one step less.

const page = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const section = $("explorer");
const SVG = "http://www.w3.org/2000/svg";
const LEVEL = window.innerWidth < 640 ? 31 : 38; // px between two levels of the graph and of the forest
const LABEL = 16; // px more below the forest, for the names of its lowest roots
const LINES = { call: 1, loss: 2, product: 4, again: 0 }; // of the code: the function, its seed, its sum, @remember

// ---- what a step is: a call is [node, caller, remembered], a product [edge, call, costs, added, value]

const isCall = (step) => step.length === 3;

/** The calls of a run as a forest: each with its node, its caller, the edge that leads to it and its children. */
function forestOf(network, steps) {
  const calls = [];
  for (const step of steps) {
    if (isCall(step)) {
      const [node, caller] = step;
      const call = { id: calls.length, node, caller, edge: null, children: [] };
      if (caller >= 0) {
        const edge = network.users[calls[caller].node][calls[caller].children.length];
        call.edge = edge;
        calls[caller].children.push(call);
      }
      calls.push(call);
    }
  }
  return calls;
}

/** For each call of one forest, the call of a larger one that stands at the same position. */
function twins(calls, larger) {
  const found = new Map();
  const roots = larger.filter((call) => call.caller < 0);
  for (const call of calls) {
    if (call.caller < 0) {
      found.set(call.id, roots.shift().id);
    } else {
      const caller = calls[call.caller];
      found.set(call.id, larger[found.get(caller.id)].children[caller.children.indexOf(call)].id);
    }
  }
  return found;
}

/** The state after a number of steps: counters, and what has happened to each edge, node and call. */
function stateAfter(network, run, taken) {
  const state = {
    mul: 0,
    add: 0,
    calls: 0,
    last: null,
    times: network.edges.map(() => 0),
    multiplied: network.edges.map(() => 0),
    nodes: network.names.map(() => ({ terms: 0, open: 0, kept: false })),
    made: [],
  };
  const close = (call) => {
    call.open = false;
    state.nodes[call.node].open -= 1;
    state.nodes[call.node].kept ||= run.mode !== "forget";
  };
  if (run.mode === "loop") state.nodes.at(-1).kept = taken > 0; // the loss by itself: it starts there
  for (const step of run.steps.slice(0, taken)) {
    state.last = step;
    if (isCall(step)) {
      const [node, , remembered] = step;
      const call = { node, hit: Boolean(remembered), open: true, terms: 0 };
      state.calls += 1;
      state.made.push(call);
      state.nodes[node].open += 1;
      if (remembered || network.users[node].length === 0) close(call);
    } else {
      const [edge, asking, costs, added] = step;
      const [tail] = network.edges[edge];
      state.mul += costs;
      state.add += added;
      state.times[edge] += 1;
      state.multiplied[edge] += costs;
      state.nodes[tail].terms += 1;
      if (asking < 0) {
        state.nodes[tail].kept = state.nodes[tail].terms === network.users[tail].length;
      } else {
        const call = state.made[asking];
        call.terms += 1;
        if (call.terms === network.users[call.node].length) close(call);
      }
    }
  }
  return state;
}

// ---- drawing

function draw(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function setClass(element, names) {
  const text = names.filter(Boolean).join(" ");
  if (element.getAttribute("class") !== text) element.setAttribute("class", text);
}

function heightOf(network) {
  return (Math.max(...network.levels) + 1) * LEVEL;
}

function drawGraph(svg, network) {
  const width = svg.clientWidth || 340;
  const height = heightOf(network);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = `${height}px`;
  const at = network.names.map((_, node) => [network.across[node] * width, (network.levels[node] + 0.5) * LEVEL]);
  const edges = network.edges.map(([tail, head, , costs]) =>
    draw(svg, "line", {
      x1: at[tail][0],
      y1: at[tail][1],
      x2: at[head][0],
      y2: at[head][1],
      "data-free": costs ? "" : "free",
    }),
  );
  const room =
    width / Math.max(...network.levels.map((level) => network.levels.filter((other) => other === level).length));
  const nodes = network.names.map((name, node) => {
    const group = draw(svg, "g", { "data-node": node });
    const wide = Math.min(room - 4, 18 + 7 * name.length);
    draw(group, "rect", { x: at[node][0] - wide / 2, y: at[node][1] - 11, width: wide, height: 22, rx: 6 });
    draw(group, "text", { x: at[node][0], y: at[node][1] + 4 }, name);
    group.addEventListener("pointerenter", () => tell(node));
    group.addEventListener("click", () => tell(node));
    group.addEventListener("pointerleave", say);
    return group;
  });
  return { edges, nodes };
}

function drawForest(svg, network, calls) {
  const width = svg.clientWidth || 340;
  const height = heightOf(network) + LABEL;
  const leaves = calls.filter((call) => call.children.length === 0).length;
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = `${height}px`;
  let column = 0;
  const place = (call) => {
    call.children.forEach(place);
    const { children } = call;
    const x = children.length ? (children[0].x + children.at(-1).x) / 2 : ((column++ + 0.5) * width) / leaves;
    Object.assign(call, { x, y: (network.levels[call.node] + 0.5) * LEVEL });
  };
  const roots = calls.filter((call) => call.caller < 0);
  roots.forEach(place);
  const branches = calls.map((call) => {
    const from = call.caller < 0 ? call : calls[call.caller];
    return draw(svg, "line", { x1: from.x, y1: from.y, x2: call.x, y2: call.y });
  });
  const dots = calls.map((call) => draw(svg, "circle", { cx: call.x, cy: call.y, r: 3.4 }));
  let before = null;
  for (const root of roots) {
    // where trees are narrow, names stand upright, and every other one lower, so that none lies on another
    const upright = width / leaves < 24;
    const crowded = before && before.y === root.y && root.x - before.x < 16 && !before.lower;
    before = { x: root.x, y: root.y, lower: crowded };
    const y = root.y + 20 + (crowded ? 26 : 0);
    const turn = upright ? `rotate(-90 ${root.x} ${y}) translate(0 4)` : "";
    draw(svg, "text", { class: "root", x: root.x, y, transform: turn }, network.names[root.node]);
  }
  return { branches, dots };
}

// ---- the page's own state, and what follows from it

const now = { network: null, run: null, taken: 0, timer: null };

function choose() {
  pause();
  const network = page.networks[$("network").value];
  const mode = document.querySelector("input[name=mode]:checked").value;
  now.network = network;
  now.run = { mode, steps: network.runs[mode] };
  now.taken = 0;
  now.forest = forestOf(network, network.runs.forget);
  now.kept = forestOf(network, network.runs.remember);
  now.twin = mode === "forget" ? null : twins(now.kept, now.forest);
  section.dataset.mode = mode;
  $("code").replaceChildren(
    ...page.code[mode].map((line) => Object.assign(document.createElement("span"), { textContent: line })),
  );
  $("caption").textContent = page.captions[mode];
  chips(network);
  $("tally").textContent = page.tallies[mode].replace("{}", now.chips.filter(Boolean).length);
  redraw();
}

function chips(network) {
  now.chips = network.edges.map(([tail, head, , costs]) => {
    const chip = document.createElement("li");
    chip.append(`${network.names[head]} → ${network.names[tail]} `, document.createElement("b"));
    return costs ? chip : null;
  });
  $("products").replaceChildren(...now.chips.filter(Boolean));
}

function redraw() {
  now.graph = drawGraph($("graph"), now.network);
  now.trees = drawForest($("forest"), now.network, now.forest);
  show();
}

function show() {
  const { network, run, taken } = now;
  const state = stateAfter(network, run, taken);
  $("count-mul").textContent = state.mul;
  $("count-add").textContent = state.add;
  $("count-calls").textContent = state.calls;
  // not disabled, which would take the keyboard's focus away
  const end = taken === run.steps.length;
  for (const [name, idle] of Object.entries({ back: taken === 0, step: end, end })) $(name).ariaDisabled = String(idle);
  showGraph(network, state);
  showForest(run, state);
  showChips(state);
  now.words = narrate(network, run, state);
  say();
  const line = lineOf(network, state);
  for (const [index, element] of [...$("code").children].entries()) setClass(element, [index === line && "now"]);
}

const currentEdge = (state) => (state.last && !isCall(state.last) ? state.last[0] : -1);

function lineOf(network, state) {
  if (!state.last) return -1;
  if (!isCall(state.last)) return LINES.product;
  if (state.last[2]) return LINES.again;
  return network.users[state.last[0]].length ? LINES.call : LINES.loss;
}

function showGraph(network, state) {
  const edge = currentEdge(state);
  const asked = state.last && isCall(state.last) ? state.last[0] : -1;
  now.graph.edges.forEach((element, index) => {
    setClass(element, ["edge", element.dataset.free, state.times[index] && "done", index === edge && "now"]);
  });
  now.graph.nodes.forEach((element, node) => {
    const { open, kept } = state.nodes[node];
    const again = node === asked && state.last[2];
    setClass(element, [
      "node",
      node < network.parameters && "parameter",
      (open > 0 || node === asked) && "asked",
      kept && "kept",
      again && "again",
    ]);
  });
}

function showForest(run, state) {
  const forget = run.mode === "forget";
  const shown = new Map(); // by call of the large forest: the call that was made there, or the edge that was ticked
  if (run.mode === "loop") {
    for (const call of now.kept) {
      const done = call.edge === null ? state.nodes[call.node].kept : state.times[call.edge] > 0;
      shown.set(now.twin.get(call.id), {
        ghost: !done,
        done,
        current: call.edge !== null && call.edge === currentEdge(state),
      });
    }
  } else {
    state.made.forEach((call, id) => {
      const current = isCall(state.last) && id === state.made.length - 1;
      shown.set(forget ? id : now.twin.get(id), { ...call, done: !call.open, current });
    });
  }
  const gone = new Set();
  for (const call of now.forest) {
    const above = call.caller < 0 ? null : call.caller;
    const at = shown.get(call.id);
    if (above !== null && (gone.has(above) || shown.get(above)?.hit)) gone.add(call.id);
    const missing = !at && ((forget && above !== null) || run.mode === "loop" || gone.has(call.id));
    const names = [
      at ? (at.ghost ? "ghost" : "made") : "ghost",
      missing && "gone",
      at?.open && "open",
      at?.hit && "hit",
      at?.current && "now",
    ];
    setClass(now.trees.dots[call.id], ["call", ...names]);
    setClass(now.trees.branches[call.id], ["branch", ...names, at?.done && "done"]);
  }
}

function showChips(state) {
  const edge = currentEdge(state);
  now.chips.forEach((chip, index) => {
    if (chip === null) return;
    const times = state.multiplied[index];
    chip.lastChild.textContent = times === 0 ? "" : times === 1 ? "✓" : `${times}×`;
    setClass(chip, [times > 0 && "some", index === edge && "now"]);
  });
}

// ---- in words

const short = (value) => String(Number(value.toPrecision(3))).replace("-", "−");
const derivative = (network, node) => {
  const name = network.names[node];
  return `∂L/∂${/^[a-z][₀-₉]*$/i.test(name) ? name : `(${name})`}`;
};

function narrate(network, run, state) {
  if (!state.last) return page.starts[run.mode];
  if (isCall(state.last)) {
    const [node, , remembered] = state.last;
    if (remembered)
      return `${derivative(network, node)} was computed before: it is remembered, and nothing below it is asked again.`;
    if (network.users[node].length === 0) return "The loss changes by 1 for each unit of itself.";
    return `How much does L change for each unit of ${network.names[node]}? Ask those who use it.`;
  }
  const [edge, , costs, added, value] = state.last;
  const [tail, head, partial] = network.edges[edge];
  const product = costs
    ? `To ${derivative(network, tail)}: ${derivative(network, head)} × ${short(partial)} = ${short(value)}, a multiplication`
    : `${derivative(network, head)} is passed on to ${network.names[tail]}, times ${head === network.names.length - 1 ? short(partial) : "1"}: ${short(value)}, free`;
  const end = now.taken === run.steps.length ? " Done: all derivatives are known." : "";
  return `${product}${added ? ", and an addition to what came another way" : ""}.${end}`;
}

function say() {
  $("narration").textContent = now.words;
}

function tell(node) {
  const { network } = now;
  $("narration").textContent =
    `${network.names[node]} = ${short(network.values[node])}, ${derivative(network, node)} = ${short(network.derivatives[node])}`;
}

// ---- controls

function go(taken) {
  now.taken = Math.max(0, Math.min(taken, now.run.steps.length));
  show();
}

function pause() {
  clearTimeout(now.timer);
  now.timer = null;
  $("play").textContent = "Play";
  $("narration").ariaLive = "polite";
}

function play() {
  if (now.timer !== null) return pause();
  if (now.taken === now.run.steps.length) go(0);
  $("play").textContent = "Pause";
  $("narration").ariaLive = "off"; // nobody can listen that fast
  const tick = () => {
    go(now.taken + 1);
    if (now.taken === now.run.steps.length) return pause();
    now.timer = setTimeout(tick, 1000 / 1.6 ** Number($("speed").value));
  };
  now.timer = setTimeout(tick, 0);
}

const actions = {
  step: () => {
    pause();
    go(now.taken + 1);
  },
  back: () => {
    pause();
    go(now.taken - 1);
  },
  end: () => {
    pause();
    go(now.run.steps.length);
  },
  play,
};
for (const [name, action] of Object.entries(actions)) $(name).addEventListener("click", action);

const keys = { ArrowRight: "step", ArrowLeft: "back", End: "end", " ": "play" };
document.addEventListener("keydown", (event) => {
  const name = section.contains(event.target) || event.target === document.body ? keys[event.key] : null;
  const taken = event.target.closest("input, select") || (event.key === " " && event.target.closest("button"));
  if (name && !taken) {
    event.preventDefault();
    actions[name]();
  }
});
$("network").addEventListener("change", choose);
for (const radio of document.querySelectorAll("input[name=mode]")) radio.addEventListener("change", choose);
let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== width) redraw();
  width = window.innerWidth;
});
choose();
