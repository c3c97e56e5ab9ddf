"""Build the page: steps and numbers into the template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

import opcount as oc
from analysis.page import figures
from analysis.page.events import TEMPLATES, Call, Mode, Run, Step, codes, recorded
from analysis.page.networks import DATA, SIZES, TARGET, Network, across, levels, names, traced
from analysis.report.writing import FIRST, GENERATOR, check_first_page

SCRIPTS = ("explorer.js", "costs.js", "reader.js")


def write(out: Path, templates: Path = TEMPLATES) -> None:
    """Write index.html into a folder. Raises Disagrees, and writes nothing, if a step is not what opcount executes.

    Raises NotAReport if `out` is a file, or has an index.html of somebody else's.
    """
    check_first_page(out)
    text = build(templates)
    out.mkdir(parents=True, exist_ok=True)
    (out / FIRST).write_text(text, encoding="utf-8")


def build(templates: Path = TEMPLATES) -> str:
    """The page as HTML, from a folder of templates. Raises Disagrees if a step of it is not what opcount executes."""

    def read(name: str) -> str:
        return (templates / name).read_text(encoding="utf-8").rstrip()

    code = codes(templates)
    networks = {name: traced(sizes) for name, sizes in SIZES.items()}
    runs = {name: recorded(network, code) for name, network in networks.items()}
    question, deepest = networks["1-2-1"], networks["1-2-2-2-1"]
    costs, orders = figures.costs(), figures.orders()
    value = dict(zip(names(question), question.values, strict=True))
    derivative = dict(zip(names(question), adjoints(question, runs["1-2-1"]["loop"]), strict=True))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    data = {
        "networks": {name: embedded(networks[name], runs[name]) for name in networks},
        "code": {mode: text.splitlines() for mode, text in code.items()},
        "costs": costs,
        "lighthouse": orders,
        **json.loads(read("words.json")),
    }
    return environment.get_template("index.html.j2").render(
        css=raw(read("page.css")),
        scripts=[raw(read(script)) for script in SCRIPTS],
        data=raw(json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")),
        counts={name: {mode: run.counts() for mode, run in found.items()} for name, found in runs.items()},
        parameters={name: len(network.graph.inputs) for name, network in networks.items()},
        eight={mode: costs[mode][7][1] for mode in ("forget", "remember")},
        drawing=drawing(value, derivative),
        formulas=list(formulas(value, derivative)),
        lighthouse=orders,
        flat=figures.flat(),
        rest=figures.beside(question),
        dots=dots(runs["1-2-1"]["forget"]),
        broad=figures.broad(),
        storage=figures.storage(deepest),
        forward=figures.forward(deepest),
        depths=figures.DEPTHS,
        widths=figures.WIDTHS,
        version=oc.__version__,
        generator=raw(GENERATOR),
    )


def raw(text: str) -> Any:
    """Text that the template takes as it is."""
    return jinja2.filters.do_mark_safe(text)


# --- what the scripts read


def embedded(network: Network, runs: dict[Mode, Run]) -> dict[str, Any]:
    """A network and its runs as the explorer reads them."""
    graph, loop = network.graph, runs["loop"]
    edges = {(product.tail, product.head, product.position): product for product in loop.products}
    numbered = {edge: number for number, edge in enumerate(edges)}
    users: list[list[int]] = [[] for _ in graph.nodes]
    for (tail, *_), number in numbered.items():
        users[tail].append(number)
    derivatives = adjoints(network, loop)
    return {
        "names": names(network),
        "values": network.values,
        "derivatives": derivatives,
        "levels": levels(graph),
        "across": [round(x, 4) for x in across(graph)],
        "parameters": len(graph.inputs),
        # the derivative of the loss by itself is 1: what goes along an edge into it is its partial
        "edges": [
            [tail, head, product.value / derivatives[head], int(product.costs)]
            for (tail, head, _), product in edges.items()
        ],
        "users": users,
        "runs": {mode: [encoded(step, numbered) for step in run.steps] for mode, run in runs.items()},
    }


def encoded(step: Step, numbered: dict[tuple[int, int, int], int]) -> list[float]:
    """A call as [node, caller, remembered], a product as [edge, call, costs, added, value]; -1 for no caller."""
    if isinstance(step, Call):
        return [step.node, -1 if step.caller is None else step.caller, int(step.remembered)]
    edge = numbered[step.tail, step.head, step.position]
    return [edge, -1 if step.call is None else step.call, int(step.costs), int(step.added), step.value]


def adjoints(network: Network, loop: Run) -> list[float]:
    """The derivative of the loss by each value: the sums of a loop's products."""
    found = [0.0] * len(network.graph.nodes)
    found[-1] = 1.0
    for product in loop.products:
        found[product.tail] += product.value
    return found


# --- the question's network, drawn and written out


def drawing(value: dict[str, float], derivative: dict[str, float]) -> dict[str, Any]:
    """The network as its layers, from its values by name: circles and labelled lines, and what is said of each."""
    value = {"x": DATA, "y": TARGET, **value}
    at = {"x": (30, 118), "h₁": (150, 52), "h₂": (150, 184), "o": (275, 118), "L": (385, 118)}
    on_lines = {"w₁": ("x", "h₁"), "w₂": ("x", "h₂"), "w₃": ("h₁", "o"), "w₄": ("h₂", "o")}
    ends_of = {"b₁": "h₁", "b₂": "h₂", "b₃": "o", "y": "L"}
    biases = {"b₁": (232, 28), "b₂": (232, 208), "b₃": (275, 192), "y": (385, 192)}
    ends = [*on_lines.values(), ("o", "L")]
    placed = {
        **at,
        **{name: ((at[a][0] + at[b][0]) // 2, (at[a][1] + at[b][1]) // 2) for name, (a, b) in on_lines.items()},
        **biases,
    }

    def said(name: str) -> str:
        if name in "xy":
            return f"{name} = {value[name]}, {'the input' if name == 'x' else 'its target'}"
        return f"{name} = {number(value[name])}, and ∂L/∂{name} = {number(derivative[name])}"

    lines = [(*at[a], *at[b]) for a, b in ends] + [(*biases[a], *at[b]) for a, b in ends_of.items()]
    return {
        "lines": lines,
        "marks": [
            {"name": name, "x": x, "y": y, "number": number(value[name]), "said": said(name), "round": name in at}
            for name, (x, y) in placed.items()
        ],
    }


def formulas(value: dict[str, float], derivative: dict[str, float]) -> Iterator[dict[str, Any]]:
    """The derivatives by two weights and a bias, in groups of factors; `shared` numbers the groups used again."""
    residual = (1, [("2(o − y)", 2 * value["r"])])
    hidden = {
        k: (shared, [(f"w{w}", value[f"w{w}"]), (f"(1 − h{k}²)", 1 - value[f"h{k}"] ** 2)])
        for k, w, shared in (("₁", "₃", 2), ("₂", "₄", 0))
    }
    data = (0, [("x", DATA)])
    for name, groups in (
        ("w₁", [residual, hidden["₁"], data]),
        ("b₁", [residual, hidden["₁"]]),
        ("w₂", [residual, hidden["₂"], data]),
    ):
        yield {
            "name": f"∂L/∂{name}",
            "value": number(derivative[name]),
            "groups": [
                {"shared": shared, "factors": [{"text": text, "value": number(one)} for text, one in factors]}
                for shared, factors in groups
            ],
        }


def dots(forget: Run) -> list[int]:
    """How many products the derivative by each parameter takes, if nothing is remembered."""
    found: list[int] = []
    for step in forget.steps:
        if isinstance(step, Call):
            found += [0] * (step.caller is None)
        else:
            found[-1] += step.costs
    return found


def number(value: float) -> str:
    """A number with three digits, and a minus sign rather than a hyphen."""
    return f"{value:.3g}".replace("-", "−")
