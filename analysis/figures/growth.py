"""Operations against a size, a line for each method."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from analysis.figures.style import COLOURS, MARKERS, figure, grid, label_ends, plain_ticks


def operations(table: pd.DataFrame, slopes: pd.DataFrame) -> Figure:
    """Operations against parameters, log-log: filled where executed, hollow where predicted, labelled at the end."""
    drawing, axes = figure(9.0, 6.0)
    law = slopes.set_index("method").law
    ends = []
    for method, line in table.groupby("method", sort=False):
        line = line.sort_values("parameters")
        colour = COLOURS[method]
        behind = method == "memoized"  # backprop coincides with it: a wide pale line under a thin dark one
        axes.plot(
            line.parameters, line.total.astype(float), color=colour, lw=5 if behind else 1.4, alpha=0.5 if behind else 1
        )
        if not behind:
            for executed, face in (("yes", colour), ("no", "white")):
                part = line[line.executed == executed]
                axes.plot(
                    part.parameters, part.total.astype(float), MARKERS[method], mec=colour, mfc=face, ms=5.5, ls="none"
                )
        last = line.iloc[-1]
        ends.append((float(last.parameters), float(last.total), f"{method}  {law[method]}", colour))
    axes.set(xscale="log", yscale="log", xlabel="parameters p", ylabel="operations for value and gradient")
    highest, lowest = min(float(table.total.astype(float).max()), 1e12), float(table.total.min())
    axes.set_ylim(lowest / 3, highest * 3)
    left, right = axes.get_xlim()
    for power in (1, 2):  # what these slopes look like
        axes.plot(
            [left, right], [lowest / 2, lowest / 2 * (right / left) ** power], ":", color="#888888", lw=1, zorder=0
        )
        axes.annotate(
            f"slope {power}",
            (left * (right / left) ** 0.7, lowest / 2 * (right / left) ** (0.7 * power)),
            (6, -10),
            textcoords="offset points",
            color="#666666",
            fontsize=9,
        )
    axes.set_xlim(left, right)
    label_ends(drawing, axes, ends)
    axes.plot([], [], "o", color="#444444", label="executed")
    axes.plot([], [], "o", mec="#444444", mfc="white", ls="none", label="predicted")
    axes.legend(loc="upper left")
    return drawing


# the line of a method on graphs with a number in each node: colour, marker, dashes
LINES = {
    "naive, a node a number": (COLOURS["naive"], "d", "--"),
    "forward, a node a number": (COLOURS["forward"], "d", "--"),
}


def scale(table: pd.DataFrame, settling: pd.DataFrame) -> Figure:
    """Operations against parameters p with their formulas, log-log; below, divided by the power of p they grow with."""
    drawing, (above, below) = grid(2, 1, figsize=(11.0, 9.5), height_ratios=(2.4, 1), sharex=True)
    looks = {"from shapes": "white", "executed": None, "predicted": None, "formula": None}
    ends = []
    for name, line in table.groupby("line", sort=False):
        method = line.method.iloc[-1]
        colour, marker, dash = LINES.get(method) or (COLOURS[method], MARKERS[method], "-")
        curve = line.drop_duplicates("m").sort_values("m")
        above.plot(curve.parameters, curve.total.astype(float), dash, color=colour, lw=1.2)
        for how, face in looks.items():
            part = line[line.how == how].drop_duplicates("m")
            if how != "formula":
                shape = "x" if how == "predicted" else marker
                above.plot(
                    part.parameters, part.total.astype(float), shape, mec=colour, mfc=face or colour, ms=5.5, ls="none"
                )
        last = curve.iloc[-1]
        ends.append((float(last.parameters), float(last.total), f"{name}\n{last.law}", colour))
    above.set(xscale="log", yscale="log", ylabel="operations for value and gradient")
    settled = []
    for name, line in settling.groupby("line", sort=False):
        method = table[table.line == name].method.iloc[-1]
        colour, marker, dash = LINES.get(method) or (COLOURS[method], MARKERS[method], "-")
        below.plot(line.parameters, line.ratio, marker + dash, color=colour, mec=colour, ms=4.5, lw=1.2)
        last = line.iloc[-1]
        settled.append((float(last.parameters), float(last.ratio), f"{name}: {last.leading}", colour))
    below.set(xlabel="parameters p", ylabel="over their power of p", ylim=(0, None))
    above.tick_params(labelbottom=True)
    above.set_xlabel("parameters p")
    above.xaxis.set_major_locator(LogLocator(10, numticks=20))
    above.yaxis.set_major_locator(LogLocator(100, numticks=20))
    label_ends(drawing, above, ends, 0.02)
    label_ends(drawing, below, settled, 0.045)
    for label, look in (("executed", "o"), ("counted from shapes", "o"), ("predicted on the graph", "x")):
        face = "white" if "shapes" in label else "#444444"
        above.plot([], [], look, mec="#444444", mfc=face, ls="none", label=label)
    above.plot([], [], "--", color="#444444", label="by the formula of the predictions")
    above.legend(loc="upper left")
    return drawing


def sharing(table: pd.DataFrame) -> Figure:
    """The accumulation against width and against depth, a line for each method and granularity."""
    drawing, panels = grid(1, 2, figsize=(14.0, 5.4))
    for axes, sweep in zip(panels, ("width", "depth"), strict=True):
        x = {"width": "width", "depth": "layers"}[sweep]
        ends = []
        for name, line in table[table.sweep == sweep].groupby("line", sort=False):
            method = line.method.iloc[0]
            colour, marker, dash = LINES.get(name) or (COLOURS[method], MARKERS[method], "-")
            line = line.drop_duplicates(x).sort_values(x)
            # backprop and the memoized recursion coincide: a wide pale line under a thin dark one
            behind = method == "memoized"
            look: Any = {"lw": 6, "alpha": 0.5, "zorder": 1} if behind else {"lw": 1.4, "zorder": 2}
            axes.plot(line[x], line.accumulation.astype(float), "-" if behind else marker + dash, color=colour, **look)
            ends.append((float(line[x].iloc[-1]), float(line.accumulation.iloc[-1]), name, colour))
        axes.set(yscale="log", xlabel={"width": "width of four layers", "depth": "layers of width four"}[sweep])
        label_ends(drawing, axes, ends, 0.03)
    panels[0].set_xscale("log")
    panels[0].set_xlim(left=float(table.width.min()) / 1.1)
    plain_ticks(panels[0].xaxis)
    panels[0].set_ylabel("operations of the accumulation")
    return drawing


# the lines of an expression and of what it is compared with: colour, marker, dashes
SWELL = {
    "tree": ("#A3457A", "v", "-"),
    "tree, nested": ("#A3457A", "v", "--"),
    "naive": (COLOURS["naive"], MARKERS["naive"], "-"),
    "cse": (COLOURS["forward"], MARKERS["forward"], "-"),
    "cse, nested": (COLOURS["forward"], MARKERS["forward"], "--"),
    "backprop": (COLOURS["backprop"], MARKERS["backprop"], "-"),
}


def expression_swell(table: pd.DataFrame) -> Figure:
    """Operations for the logistic map against its iterations, and for networks, a row for each."""
    drawing, (axes, rows) = grid(1, 2, figsize=(14.0, 5.2))
    ends = []
    for name, (colour, marker, dash) in SWELL.items():
        line = table[(table.line == name) & (table.iterations > 0)]
        face = "white" if dash == "--" else colour
        axes.plot(line.iterations, line.operations, marker + dash, color=colour, mfc=face, ms=5, lw=1.4)
        ends.append((float(line.iterations.iloc[-1]), float(line.operations.iloc[-1]), name, colour))
    axes.set(yscale="log", xlabel="iterations of the logistic map", ylabel="operations for value and gradient")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_ends(drawing, axes, ends)
    networks = table[table.iterations == 0]
    names = list(dict.fromkeys(networks.function))
    # above one another in a row, so that none hides another where they are close
    for lift, name in zip((-0.24, -0.08, 0.08, 0.24), ("tree", "naive", "cse", "backprop"), strict=True):
        colour, marker, _ = SWELL[name]
        line = networks[networks.line == name]
        rows.plot(
            line.operations, line.function.map(names.index) + lift, marker, color=colour, ms=6, ls="none", label=name
        )
    rows.set(xscale="log", xlabel="operations for value and gradient")
    rows.set_yticks(range(len(names)), names)
    rows.set_ylim(len(names) - 0.5, -0.5)
    rows.legend(loc="upper right")
    return drawing


# the functions of any size: Okabe and Ito's colours again, a marker each
FAMILIES = {
    "Speelpenning": ("#D55E00", "o"),
    "Rosenbrock": ("#009E73", "s"),
    "Helmholtz": ("#0072B2", "^"),
    "Gaussian mixture": ("#E69F00", "D"),
    "perceptron": ("#CC79A7", "P"),
    "determinant": ("#56B4E9", "v"),
    "quotients": ("#444444", "X"),
}


def cheap_gradient(table: pd.DataFrame) -> Figure:
    """A value with its gradient over the value, against the inputs: a panel for each method, a line for each family."""
    drawing, panels = grid(1, 3, figsize=(13.0, 4.8), sharex=True, sharey=True)
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
        axes.axhline(5, color="#444444", lw=1, ls="--")
        axes.set(xscale="log", yscale="log", xlabel="inputs", title=title)
        plain_ticks(axes.xaxis, 1, 2, 5)
        plain_ticks(axes.yaxis, 1, 2, 5)
    panels[0].set_ylabel("value and gradient / value")
    drawing.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    return drawing


def laws(counts: pd.DataFrame, laws: pd.DataFrame) -> Figure:
    """Operations against n, a panel for each algorithm with equal axes: runs as points, the law as a line."""
    columns = 6
    rows = -(-len(laws) // columns)
    drawing, panels = grid(rows, columns, figsize=(15.0, 0.6 + 1.75 * rows), sharex=True, sharey=True)
    bottom = set(laws.algorithm[-columns:])
    looks: Any = {"yes": {"ms": 3.5, "mew": 0}, "no": {"ms": 5, "mfc": "white"}}
    for axes, (_, law) in zip(panels.flat, laws.iterrows(), strict=False):
        found = law.order != ""
        colour = "#0072B2" if found else "#D55E00"
        points = counts[(counts.algorithm == law.algorithm) & (counts.counted != 0)]  # log axes have no 0
        if found:
            axes.plot(points.n.astype(float), points.law.astype(float), "-", color=colour, lw=1.2)
        for used, look in looks.items():
            runs = points[points.used == used]
            axes.plot(runs.n.astype(float), runs.counted.astype(float), "o", color=colour, **look)
        formula = law.law.partition(", where ")[0]  # the points show the sizes that it holds for
        short = formula if len(formula) <= 34 else law.order
        axes.set_title(f"{law.algorithm}\n{short if found else 'no exact law'}", fontsize=9.5)
        axes.set(xscale="log", yscale="log", xlim=(0.8, 5000), ylim=(0.7, 3e7))
        axes.tick_params(labelsize=9)
        axes.xaxis.set_major_locator(LogLocator(10, numticks=5))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.yaxis.set_major_locator(LogLocator(100, numticks=5))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("n", labelpad=0)
        axes.xaxis.label.set_visible(law.algorithm in bottom)
    for axes in list(panels.flat)[len(laws) :]:
        axes.remove()
    drawing.supylabel("operations", fontsize=11)
    return drawing
