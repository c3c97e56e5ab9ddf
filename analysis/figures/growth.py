"""Operations against a size, a line for each method."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.figures.style import (
    BLACK,
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    MARKERS,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    figure,
    grid,
    label_ends,
    legend_below,
    plain_ticks,
    short_ticks,
)

THREE: Final = {
    "naive": "naive:\nforgets",
    "forward": "forward",
    "backprop": "backprop =\nmemoized:\nremembers",
}
"""The methods that the question compares; the memoized recursion takes the operations of backprop, and has its line."""
MOST: Final = 1e11  # operations, where the axis ends


def operations(table: pd.DataFrame) -> Figure:
    """Operations of three methods against layers or parameters: filled where executed, hollow where predicted."""
    drawing, axes = figure(3.9)
    against = "layers" if table.layers.nunique() > 1 else "parameters"
    ends = []
    for method, label in THREE.items():
        line = table[table.method == method].sort_values("parameters")
        line = line[line.total <= MOST]
        if against == "layers":
            line = line[line.layers <= DEEPEST]
        x, total, colour = line[against].astype(float), line.total.astype(float), COLOURS[method]
        axes.plot(x, total, color=colour, lw=1.6)
        for executed, face in (("yes", colour), ("no", "white")):
            part = line.executed == executed
            axes.plot(x[part], total[part], MARKERS[method], mec=colour, mfc=face, ms=5.5, ls="none")
        ends.append((float(x.iloc[-1]), float(total.iloc[-1]), label, colour))
    axes.set(yscale="log", ylabel="operations: value and gradient")
    if against == "layers":
        axes.set_xlabel("layers of width three")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        axes.set(xscale="log", xlabel="parameters")
        short_ticks(axes.xaxis)
    short_ticks(axes.yaxis, 100 if against == "layers" else 10)
    label_ends(drawing, axes, ends)
    axes.plot([], [], "o", color=GREY, label="executed")
    axes.plot([], [], "o", mec=GREY, mfc="white", ls="none", label="predicted")
    legend_below(drawing)
    return drawing


DEEPEST: Final = 20  # layers, from which on the naive recursion would take more than any axis shows

NUMBERS: Final = ", a node a number"  # how the tables name a method on a graph with a number in each node


def look_of(line: str, method: str) -> tuple[str, str, str]:
    """The colour, the marker and the dashes of a line; those over single numbers are dashed."""
    plain = method.removesuffix(NUMBERS)
    return COLOURS[plain], "d" if line.endswith(NUMBERS) else MARKERS[plain], "--" if line.endswith(NUMBERS) else "-"


def label_of(line: str) -> str:
    """The name of a line of the tables as a label."""
    line = line.replace(NUMBERS, ", over numbers").replace(", a node an array", ", over arrays")
    return line.replace(", ", ",\n", 1)


def scale(table: pd.DataFrame, settling: pd.DataFrame) -> Figure:
    """Operations against parameters p with their leading terms; below, divided by the power of p they grow with."""
    drawing, (above, below) = grid(2, 1, height=8.2, height_ratios=(1.5, 1))
    leading = settling.drop_duplicates("line").set_index("line").leading
    ends = []
    for name, line in table.groupby("line", sort=False):
        colour, marker, dash = look_of(name, line.method.iloc[-1])
        curve = line.drop_duplicates("m").sort_values("m")
        above.plot(curve.parameters, curve.total.astype(float), dash, color=colour, lw=1.2)
        for how, face in (("from shapes", "white"), ("executed", colour), ("predicted", colour)):
            part = line[line.how == how].drop_duplicates("m")
            shape = "x" if how == "predicted" else marker
            above.plot(part.parameters, part.total.astype(float), shape, mec=colour, mfc=face, ms=5, ls="none")
        last = curve.iloc[-1]
        ends.append((float(last.parameters), float(last.total), f"{label_of(name)}: {leading[name]}", colour))
    above.set(xscale="log", yscale="log", ylabel="operations: value and gradient", xlabel="parameters p")
    short_ticks(above.yaxis, 10_000)
    settled = []
    for name, line in settling.groupby("line", sort=False):
        colour, marker, dash = look_of(name, table[table.line == name].method.iloc[-1])
        below.plot(line.parameters, line.ratio, marker + dash, color=colour, mec=colour, ms=4.5, lw=1.2)
        last = line.iloc[-1]
        settled.append((float(last.parameters), float(last.ratio), label_of(name), colour))
    below.set(xscale="log", xlabel="parameters p", ylabel="over their power of p", ylim=(0, None))
    for axes, labels in ((above, ends), (below, settled)):
        short_ticks(axes.xaxis, 1000)
        label_ends(drawing, axes, labels)
    for label, look in (("executed", "o"), ("from shapes", "o"), ("predicted", "x")):
        face = "white" if "shapes" in label else GREY
        above.plot([], [], look, mec=GREY, mfc=face, ls="none", label=label)
    above.plot([], [], "--", color=GREY, label="by the formula")
    legend_below(drawing)
    return drawing


def sharing(table: pd.DataFrame) -> Figure:
    """The accumulation against width and against depth, a line for each method and granularity."""
    drawing, panels = grid(2, 1, height=7.4)
    for axes, sweep in zip(panels, ("width", "depth"), strict=True):
        x = {"width": "width", "depth": "layers"}[sweep]
        ends = []
        for name, line in table[(table.sweep == sweep) & (table.method != "memoized")].groupby("line", sort=False):
            colour, marker, dash = look_of(name, line.method.iloc[0])
            line = line.drop_duplicates(x).sort_values(x)
            axes.plot(line[x], line.accumulation.astype(float), marker + dash, color=colour, lw=1.4, ms=5)
            label = "backprop =\nmemoized" if name == "backprop" else label_of(name)
            ends.append((float(line[x].iloc[-1]), float(line.accumulation.iloc[-1]), label, colour))
        axes.set(yscale="log", xlabel={"width": "width of four layers", "depth": "layers of width four"}[sweep])
        axes.set_ylabel("operations: accumulation")
        axes.set_ylim(bottom=float(table[table.sweep == sweep].accumulation.min()) / 5)  # room for the last label
        short_ticks(axes.yaxis, 10 if sweep == "width" else 1000)
        if sweep == "width":
            axes.set_xscale("log")
            plain_ticks(axes.xaxis)
        label_ends(drawing, axes, ends)
    return drawing


# the lines of an expression and of what it is compared with: colour, marker, dashes
SWELL: Final = {
    "tree": (PURPLE, "v", "-"),
    "tree, nested": (PURPLE, "v", "--"),
    "naive": (COLOURS["naive"], MARKERS["naive"], "-"),
    "cse": (COLOURS["forward"], MARKERS["forward"], "-"),
    "cse, nested": (COLOURS["forward"], MARKERS["forward"], "--"),
    "backprop": (COLOURS["backprop"], MARKERS["backprop"], "-"),
}


def expression_swell(table: pd.DataFrame) -> Figure:
    """Operations for the logistic map against its iterations, and for networks, a row for each."""
    networks = table[table.iterations == 0]
    names = list(dict.fromkeys(networks.function))
    drawing, (axes, rows) = grid(2, 1, height=8.4, height_ratios=(1, 0.3 + 0.11 * len(names)))
    ends = []
    for name, (colour, marker, dash) in SWELL.items():
        line = table[(table.line == name) & (table.iterations > 0)]
        face = "white" if dash == "--" else colour
        axes.plot(line.iterations, line.operations, marker + dash, color=colour, mfc=face, ms=5, lw=1.4)
        ends.append((float(line.iterations.iloc[-1]), float(line.operations.iloc[-1]), name, colour))
    axes.set(yscale="log", xlabel="iterations of the logistic map", ylabel="operations: value and gradient")
    short_ticks(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_ends(drawing, axes, ends)
    # above one another in a row, so that none hides another where they are close
    for lift, name in zip((-0.24, -0.08, 0.08, 0.24), ("tree", "naive", "cse", "backprop"), strict=True):
        colour, marker, _ = SWELL[name]
        line = networks[networks.line == name]
        rows.plot(
            line.operations, line.function.map(names.index) + lift, marker, color=colour, ms=6, ls="none", label=name
        )
    rows.set(xscale="log", xlabel="operations for value and gradient")
    short_ticks(rows.xaxis)
    rows.set_yticks(range(len(names)), [name.replace("question's", "question's\n") for name in names])
    rows.set_ylim(len(names) - 0.5, -0.5)
    legend_below(drawing, 4, rows)
    return drawing


# the functions of any size: Okabe and Ito's colours again, a marker each
FAMILIES: Final = {
    "Speelpenning": (VERMILION, "o"),
    "Rosenbrock": (GREEN, "s"),
    "Helmholtz": (BLUE, "^"),
    "Gaussian mixture": (ORANGE, "D"),
    "perceptron": (PURPLE, "P"),
    "determinant": (SKY, "v"),
    "quotients": (BLACK, "X"),
}


def cheap_gradient(table: pd.DataFrame) -> Figure:
    """A value with its gradient over the value, against the inputs: a panel for each method, a line for each family."""
    drawing, panels = grid(3, 1, height=8.4, sharex=True)
    titles = {
        "reverse": "reverse",
        "forward once": "forward, one evaluation",
        "forward": "forward, one evaluation for each input",
    }
    for axes, (method, title) in zip(panels, titles.items(), strict=True):
        for name, line in table.groupby("function", sort=False):
            colour, marker = FAMILIES[name]
            ratio = line[f"{method} / value"].astype(float)
            axes.plot(line.inputs, ratio, marker + "-", color=colour, ms=5, lw=1.2, label=name)
        axes.axhline(5, color=GREY, lw=1, ls="--")
        axes.set(xscale="log", yscale="log", xlabel="inputs", ylabel="times the value", title=title)
        axes.tick_params(labelbottom=True)
        axes.set_ylim(1, 1.25 * max(8.0, float(table[f"{method} / value"].astype(float).max())))
        plain_ticks(axes.xaxis, 1, 2, 5)
        plain_ticks(axes.yaxis, 1, 2, 5)
    legend_below(drawing)
    return drawing


def laws(counts: pd.DataFrame, laws: pd.DataFrame) -> Figure:
    """Operations against n, a panel for each algorithm with equal axes: runs as points, the law as a line."""
    columns = 2
    rows = -(-len(laws) // columns)
    drawing, panels = grid(rows, columns, height=0.5 + 1.75 * rows, sharex=True, sharey=True)
    bottom = set(laws.algorithm[-columns:])
    looks: Any = {"yes": {"ms": 3.5, "mew": 0}, "no": {"ms": 5.5, "mfc": "white"}}
    for axes, (_, law) in zip(panels.flat, laws.iterrows(), strict=True):
        found = law.order != ""
        colour = BLUE if found else VERMILION
        points = counts[(counts.algorithm == law.algorithm) & (counts.counted != 0)]  # log axes have no 0
        if found:
            axes.plot(points.n.astype(float), points.law.astype(float), "-", color=colour, lw=1.2)
        for used, look in looks.items():
            runs = points[points.used == used]
            axes.plot(runs.n.astype(float), runs.counted.astype(float), "o", color=colour, **look)
        title_of_law(axes, law)
        axes.set(xscale="log", yscale="log", xlim=(0.8, 5000), ylim=(0.7, 3e7), xlabel="n")
        short_ticks(axes.xaxis, ticks=5)
        short_ticks(axes.yaxis, 100, ticks=5)
        axes.xaxis.label.set_visible(law.algorithm in bottom)
    drawing.supylabel("operations", fontsize=11)
    return drawing


def title_of_law(axes: Axes, law: Any) -> None:
    formula = law.law.partition(", where ")[0]  # the points show the sizes that it holds for
    short = formula if len(formula) <= 24 else law.order
    axes.set_title(f"{law.algorithm}\n{short if law.order != '' else 'no exact law'}", fontsize=10)


CURVES: Final = {
    "Speelpenning": (BLUE, "o", "product"),
    "quotients": (VERMILION, "^", "quotients"),
    "perceptron": (GREEN, "D", "network"),
    "Rosenbrock": (ORANGE, "s", "Rosenbrock"),
}


def curvature(table: pd.DataFrame) -> Figure:
    """Operations over those of the value: above, a Hessian times a vector; below, a whole Hessian."""
    drawing, (above, below) = grid(2, 1, height=7.0)
    first, dual = "forward-over-reverse", "forward-over-forward"
    ends = []
    for name, (colour, marker, label) in CURVES.items():
        for mode, dash in ((first, "-"), (dual, "--")):
            if mode == dual and name != "Speelpenning":
                continue
            line = table[(table.function == name) & (table["mode"] == mode)].sort_values("numbers")
            x, y = line.numbers.astype(float), line["product / value"].astype(float)
            above.plot(x, y, marker + dash, color=colour, ms=4.5, lw=1.4)
            ends.append(
                (float(x.iloc[-1]), float(y.iloc[-1]), label if mode == first else f"{label},\ntwice forward", colour)
            )
    above.axhline(10, color=GREY, ls=":", lw=1.2)
    above.set(ylabel="Hessian times a vector / value")
    lower = []
    for name in ("Speelpenning", "Rosenbrock"):
        colour, marker, label = CURVES[name]
        for mode, dash in ((first, "-"), (dual, "--")):
            line = table[(table.function == name) & (table["mode"] == mode)].sort_values("numbers")
            line = line.dropna(subset=["Hessian / value"])
            x, y = line.numbers.astype(float), line["Hessian / value"].astype(float)
            below.plot(x, y, marker + dash, color=colour, ms=4.5, lw=1.4)
            lower.append(
                (float(x.iloc[-1]), float(y.iloc[-1]), label if mode == first else f"{label},\ntwice forward", colour)
            )
    below.set(ylabel="Hessian / value")
    for axes, labels in ((above, ends), (below, lower)):
        axes.set(xscale="log", yscale="log", xlabel="numbers in x")
        plain_ticks(axes.xaxis)
        plain_ticks(axes.yaxis, 1, 3)
        label_ends(drawing, axes, labels)
    above.plot([], [], "-", color=GREY, label="forward over reverse")
    above.plot([], [], "--", color=GREY, label="forward over forward")
    above.plot([], [], ":", color=GREY, label="bound: 10")
    legend_below(drawing, columns=2, axes=above)
    return drawing
