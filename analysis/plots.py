"""Tables to figures. Nothing is computed here: what a figure shows stands in its table."""

from __future__ import annotations

from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 100,
    "font.size": 11,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "savefig.bbox": "tight",
    "svg.fonttype": "path",
    "svg.hashsalt": "opcount",  # the same identifiers in every run
}

# Okabe and Ito's colours, which people with any colour vision can tell apart
COLOURS = {
    "finite-difference": "#999999",
    "forward": "#009E73",
    "naive": "#D55E00",
    "memoized": "#56B4E9",
    "naive-tangent": "#CC79A7",
    "memoized-tangent": "#B8860B",
    "backprop": "#0072B2",
    "reverse": "#0072B2",
    "markowitz": "#E69F00",
    "search": "#CC79A7",
    "optimal": "#444444",
    "row-by-row": "#56B4E9",
    "column-by-column": "#B8860B",
    "flopscope": "#E69F00",
    "torch": "#D55E00",
    "JAX": "#0072B2",
}
MARKERS = {
    "finite-difference": "v",
    "forward": "s",
    "naive": "^",
    "memoized": "o",
    "naive-tangent": "P",
    "memoized-tangent": "D",
    "backprop": "o",
    "reverse": "o",
    "markowitz": "D",
    "search": "P",
    "optimal": "*",
    "row-by-row": "^",
    "column-by-column": "v",
    "flopscope": "s",
    "torch": "^",
    "JAX": "o",
}
PHASES = {"primal": "#BBBBBB", "partials": "#E69F00", "accumulation": "#0072B2", "update": "#444444"}


def figure(width: float = 8.0, height: float = 5.0) -> tuple[Figure, Axes]:
    plt.rcParams.update(STYLE)
    return plt.subplots(figsize=(width, height), layout="constrained")


def operations(table: pd.DataFrame, slopes: pd.DataFrame) -> Figure:
    """Operations against parameters, log-log: filled where executed, hollow where predicted, labelled at the end."""
    drawing, axes = figure(9.0, 6.0)
    law = slopes.set_index("method").law
    ends = []
    for method, line in table.groupby("method", sort=False):
        line = line.sort_values("parameters")
        colour = COLOURS[method]
        behind = method == "memoized"  # backprop stands on it: a wide pale line under a thin dark one
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


def scale(table: pd.DataFrame, settling: pd.DataFrame) -> Figure:
    """Operations against parameters with their formulas, log-log; below, over the power of p that they grow with."""
    plt.rcParams.update(STYLE)
    drawing, (above, below) = plt.subplots(
        2, 1, figsize=(11.0, 9.5), height_ratios=(2.4, 1), sharex=True, layout="constrained"
    )
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


# the line of a method where each number is a node: colour, marker, dashes
LINES = {
    "naive, a node a number": (COLOURS["naive"], "d", "--"),
    "forward, a node a number": (COLOURS["forward"], "d", "--"),
}


def sharing(table: pd.DataFrame) -> Figure:
    """The accumulation against width and against depth, a line for each method and granularity."""
    plt.rcParams.update(STYLE)
    drawing, panels = plt.subplots(1, 2, figsize=(14.0, 5.4), layout="constrained")
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
    """Operations of the logistic map against its iterations, and of networks, a row for each."""
    plt.rcParams.update(STYLE)
    drawing, (axes, rows) = plt.subplots(1, 2, figsize=(14.0, 5.2), layout="constrained")
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


def label_ends(
    drawing: Figure, axes: Axes, ends: list[tuple[float, float, str, str]], half_line: float = 0.026
) -> None:
    """Labels at the right edge, at the height of each line's end, moved apart where they would overlap."""
    drawing.draw_without_rendering()
    left, right = axes.get_xlim()
    top = axes.get_ylim()[1]
    to_axes = axes.transData + axes.transAxes.inverted()
    # from the top down: each no higher than its line's end, and clear of the label above
    ceiling = 1.0
    for x, y, text, colour in sorted(ends, key=lambda end: -end[1]):
        half = half_line * (1 + text.count("\n"))
        height = min(to_axes.transform((x, min(y, top)))[1], ceiling - half)
        ceiling = height - half
        axes.annotate(
            text,
            xy=(x, min(y, top)),
            xytext=(1.02, height),
            textcoords="axes fraction",
            color=colour,
            va="center",
            fontsize=10,
            arrowprops={"arrowstyle": "-", "relpos": (0, 0.5), "color": colour, "lw": 0.6, "alpha": 0.5},
            annotation_clip=False,
        )
    axes.set_xlim(left, right)


def difference_error(errors: pd.DataFrame) -> Figure:
    """The error of central differences against the step."""
    drawing, axes = figure(7.5, 4.5)
    axes.plot(errors.step, errors.error, "o-", color=COLOURS["finite-difference"], mec="#444444")
    axes.plot(errors.step[:5], errors.error[0] * (errors.step[:5] / errors.step[0]) ** 2, "--", color="#444444", lw=1)
    axes.annotate("∝ h²: truncation", (errors.step[2], errors.error[2]), (8, -14), textcoords="offset points")
    axes.annotate("∝ 1/h: rounding", (errors.step[9], errors.error[9]), (10, 8), textcoords="offset points")
    axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="largest error of a partial derivative")
    axes.invert_xaxis()
    return drawing


def recursion(table: pd.DataFrame) -> Figure:
    """Naive and memoized recursion against the loop, one panel for each direction."""
    plt.rcParams.update(STYLE)
    drawing, panels = plt.subplots(1, 2, figsize=(10.0, 4.8), layout="constrained", sharex=True, sharey=True)
    names = {"adjoint": ("naive", "memoized", "backprop"), "tangent": ("naive-tangent", "memoized-tangent", "forward")}
    for axes, (direction, rows) in zip(panels, table.groupby("direction"), strict=True):
        naive, memoized, loop = names[direction]
        most = float(table.loop.max())
        axes.plot([1, most], [1, most], color="#444444", lw=0.8)
        axes.plot(
            rows.loop,
            rows.naive.astype(float),
            "^",
            color=COLOURS["naive"],
            ms=4,
            alpha=0.5,
            mew=0,
            label=f"{naive}: nothing kept",
        )
        axes.plot(
            rows.loop,
            rows.memoized,
            "o",
            color=COLOURS["backprop"],
            ms=4,
            alpha=0.6,
            mew=0,
            label=f"{memoized}: each kept",
        )
        axes.set(xscale="log", yscale="log", xlabel=f"operations of {loop}", title=direction)
        axes.legend(loc="lower right")
    panels[0].set_ylabel("operations of the recursion")
    return drawing


def memo_walk(walk: pd.DataFrame) -> Figure:
    """Operations of the recursion against the size of its memo."""
    drawing, axes = figure(8.0, 4.5)
    axes.step(walk["size"], walk.operations, where="post", color=COLOURS["memoized"], lw=2)
    right = walk["size"].max()
    for method, offset in (("naive", -14), ("backprop", -14)):
        level, colour = walk[method].iloc[0], COLOURS[method]
        axes.axhline(level, color=colour, lw=1, ls="--")
        axes.annotate(
            f"{method}: {level:,}", (right, level), (0, offset), textcoords="offset points", ha="right", color=colour
        )
    axes.set(yscale="log", xlabel="derivatives that the memo can hold", ylabel="operations of the accumulation")
    axes.set_ylim(bottom=walk.backprop.iloc[0] * 0.6)
    plain_ticks(axes.yaxis, 1, 2, 5)
    return drawing


def storage(table: pd.DataFrame) -> Figure:
    """Derivatives kept and depth of recursion against layers; lines that coincide are drawn once, named together."""
    plt.rcParams.update(STYLE)
    drawing, panels = plt.subplots(1, 2, figsize=(11.5, 4.6), layout="constrained", sharex=True)
    alive = table.drop_duplicates("layers").assign(method="dual numbers", kept=lambda rows: rows["alive at once"])
    for axes, column in zip(panels, ("derivatives kept", "recursion depth"), strict=True):
        lines: dict[tuple[int, ...], list[str]] = {}
        for method, line in table.groupby("method", sort=False):
            lines.setdefault(tuple(line[column]), []).append(method)
        shapes = {method: line.layers for method, line in table.groupby("method", sort=False)}
        ends = []
        for heights, methods in lines.items():
            colour = COLOURS[methods[-1]]
            axes.plot(shapes[methods[-1]], heights, MARKERS[methods[-1]] + "-", color=colour, ms=5)
            ends.append(
                (
                    float(shapes[methods[-1]].iloc[-1]),
                    float(heights[-1]),
                    ",\n".join(", ".join(methods[i : i + 2]) for i in range(0, len(methods), 2)),
                    colour,
                )
            )
        if column == "derivatives kept":
            axes.plot(alive.layers, alive.kept, ":", color=COLOURS["forward"])
            ends.append(
                (float(alive.layers.iloc[-1]), float(alive.kept.iloc[-1]), "dual numbers alive", COLOURS["forward"])
            )
        axes.set(xscale="log", xlabel="layers of width three", ylabel=column)
        axes.set_yscale("symlog", linthresh=10)
        axes.set_ylim(bottom=-1)
        plain_ticks(axes.xaxis)
        label_ends(drawing, axes, ends)
    return drawing


def training(table: pd.DataFrame) -> Figure:
    """Operations of a training run by method, stacked by phase."""
    drawing, axes = figure(9.0, 4.5)
    rows = table.sort_values("total", ascending=False)
    left = rows.total * 0
    for phase, shade in PHASES.items():
        axes.barh(rows.method, rows[phase], left=left, color=shade, label=phase, height=0.65)
        left = left + rows[phase]
    for place, total in enumerate(rows.total):
        axes.annotate(f"{total:,}", (total, place), (5, 0), textcoords="offset points", va="center")
    axes.set_xlabel("operations until the loss is reached")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlim(right=float(rows.total.max()) * 1.15)
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper right")
    return drawing


def classifier(layers: pd.DataFrame, curve: pd.DataFrame) -> Figure:
    """Operations of a training by layer, stacked by phase; beside it, accuracy against operations."""
    plt.rcParams.update(STYLE)
    drawing, (bars, line) = plt.subplots(1, 2, figsize=(12.0, 4.6), layout="constrained")
    bottom = layers.total * 0
    for phase, shade in PHASES.items():
        bars.bar(layers.layer, layers[phase], bottom=bottom, color=shade, label=phase, width=0.6)
        bottom = bottom + layers[phase]
    for place, total in enumerate(layers.total):
        bars.annotate(f"{total:,}", (place, total), (0, 4), textcoords="offset points", ha="center")
    bars.set(xlabel="part of the network", ylabel="operations of the training")
    bars.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    bars.grid(axis="x", visible=False)
    bars.legend(loc="upper right")
    for name, colour, marker in (("training accuracy", "#999999", "s"), ("test accuracy", "#0072B2", "o")):
        line.plot(curve.operations, curve[name], marker + "-", color=colour, ms=3.5, lw=1.2, label=name)
    line.set(xlabel="million operations executed so far", ylabel="images read correctly", ylim=(0, 1.02))
    line.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:,.0f}"))
    line.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    line.legend(loc="lower right")
    return drawing


def orders(table: pd.DataFrame) -> Figure:
    """Products of each order over the fewest that are known, a row for each function, a panel for each convention."""
    plt.rcParams.update(STYLE)
    drawing, panels = plt.subplots(1, 2, figsize=(11.0, 5.6), sharey=True, layout="constrained")
    names = list(dict.fromkeys(table.function))
    rules = ("forward", "reverse", "markowitz", "search", "optimal")
    for axes, (counted, rows) in zip(panels, table.groupby("counted", sort=False), strict=True):
        for place in range(0, len(names), 2):
            axes.axhspan(place - 0.5, place + 0.5, color="#F3F5F7", zorder=0)
        least = rows[["forward", "reverse", "markowitz", "search"]].min(axis=1).astype(float)
        # above one another in a row, so that none hides another where they agree
        for lift, rule in zip((-0.3, -0.15, 0.0, 0.15, 0.3), rules, strict=True):
            known = rows[rule] != ""
            places = rows.function[known].map(names.index) + lift
            size = 9 if rule == "optimal" else 6
            axes.plot(
                rows[rule][known].astype(float) / least[known],
                places,
                MARKERS[rule],
                color=COLOURS[rule],
                ms=size,
                mew=0,
                label=rule,
            )
        axes.set(xscale="log", xlabel="products, over the fewest found", title=f"counted: {counted}")
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 1.5, 2, 3, 4)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(axis="y", visible=False)
    sizes = table.drop_duplicates("function")
    labels = [f"{row.function}\n{row.inputs} → {row.outputs}" for row in sizes.itertuples()]
    panels[0].set_yticks(range(len(names)), labels, fontsize=9.5)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=5)
    return drawing


def elimination(graph: Any, order: Any) -> Figure:
    """An elimination in an order, step by step."""
    plt.rcParams.update(STYLE)
    drawing: Figure = graph.draw_elimination(order)
    return drawing


def peers(ratios: pd.DataFrame) -> Figure:
    """What other counters report over what is executed: a row for each call, zero in a strip of its own."""
    plt.rcParams.update(STYLE)
    calls = list(dict.fromkeys(ratios.call))
    drawing, (strip, axes) = plt.subplots(
        1, 2, figsize=(8.0, 1.5 + 0.24 * len(calls)), width_ratios=(1, 12), sharey=True, layout="constrained"
    )
    for panel in (strip, axes):
        for place in range(0, len(calls), 2):
            panel.axhspan(place - 0.5, place + 0.5, color="#F3F5F7", zorder=0)
        panel.grid(axis="y", visible=False)
    axes.axvline(1, color="#444444", lw=1, zorder=1)
    # above one another in a row, so that none hides another where they agree
    for lift, (peer, rows) in zip((-0.25, 0.0, 0.25), ratios.groupby("peer", sort=False), strict=True):
        places = rows.call.map(calls.index) + lift
        some = rows.ratio > 0
        look: Any = {"color": COLOURS[peer], "marker": MARKERS[peer], "ms": 4.5, "ls": "none", "mew": 0}
        axes.plot(rows.ratio[some], places[some], **look, label=peer)
        strip.plot(rows.ratio[~some], places[~some], **look)
    strip.set(xlim=(-1, 1), xticks=[], xlabel="zero")
    strip.set_yticks(range(len(calls)), calls, fontsize=9.5)
    strip.tick_params(axis="y", length=0)
    strip.set_ylim(len(calls) - 0.5, -0.5)
    axes.set(xscale="log", xlabel="reported / executed")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", top=True, labeltop=True)
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    drawing.legend(loc="outside upper center", ncols=3)
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
    plt.rcParams.update(STYLE)
    drawing, panels = plt.subplots(1, 3, figsize=(13.0, 4.8), layout="constrained", sharex=True, sharey=True)
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


def forward_wins(balance: pd.DataFrame, crossings: pd.DataFrame) -> Figure:
    """Products against n/m, a panel for each convention and a line for each order; forward over reverse beside them."""
    plt.rcParams.update(STYLE)
    drawing, panels = plt.subplots(1, 3, figsize=(16.0, 4.8), layout="constrained")
    layers, programs = (balance[(balance.function == "layers") == which] for which in (True, False))
    ratio = "inputs / outputs"
    for axes, (convention, lines) in zip(panels[:2], layers.groupby("convention", sort=False), strict=True):
        x = lines[ratio].astype(float)
        ends = []
        for order in ("search", "markowitz", "reverse", "forward"):
            behind = order == "search"  # the others stand on it where it finds nothing better
            look: Any = {"lw": 6, "alpha": 0.5} if behind else {"lw": 1.4, "marker": MARKERS[order], "ms": 5}
            axes.plot(x, lines[order], color=COLOURS[order], **look)
            ends.append((float(x.iloc[-1]), float(lines[order].iloc[-1]), order, COLOURS[order]))
        meeting = crossings[crossings.convention == convention].iloc[0]
        axes.axvline(float(meeting[ratio]), color="#444444", lw=1, ls=":")
        axes.set(xscale="log", yscale="log", xlabel="inputs / outputs", title=convention)
        axes.set_ylim(bottom=float(lines.search.min()) * 0.7)
        plain_ticks(axes.yaxis, 1, 2, 5)
        label_ends(drawing, axes, ends, 0.03)
    panels[0].set_ylabel("products of the Jacobian")
    beside = panels[2]
    for (convention, lines), colour in zip(layers.groupby("convention", sort=False), PAIR, strict=True):
        dots = programs[programs.convention == convention]
        x = dots[ratio].astype(float)
        beside.plot(x, dots[QUOTIENT].astype(float), "o", color=colour, ms=4, mew=0, alpha=0.6, label=convention)
        beside.plot(lines[ratio].astype(float), lines[QUOTIENT].astype(float), "-", color=colour, lw=1.2)
    beside.axhline(1, color="#444444", lw=1)
    beside.axvline(1, color="#444444", lw=1, ls=":")
    beside.set(xscale="log", yscale="log", xlabel="inputs / outputs", ylabel=QUOTIENT, title="random programs")
    beside.legend(loc="lower right")
    return drawing


def laws(counts: pd.DataFrame, laws: pd.DataFrame) -> Figure:
    """Operations against n, a panel for each algorithm on the same axes: the runs, and the law as a line."""
    plt.rcParams.update(STYLE)
    columns = 6
    rows = -(-len(laws) // columns)
    drawing, panels = plt.subplots(
        rows, columns, figsize=(15.0, 0.6 + 1.75 * rows), layout="constrained", sharex=True, sharey=True
    )
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
        formula = law.law.partition(", where ")[0]  # the points show which sizes it is for
        short = formula if len(formula) <= 34 else law.order
        axes.set_title(f"{law.algorithm}\n{short if found else 'no exact law'}", fontsize=9.5)
        axes.set(xscale="log", yscale="log", xlim=(0.8, 5000), ylim=(0.7, 3e7))
        axes.tick_params(labelsize=9)
        axes.xaxis.set_major_locator(LogLocator(10, numticks=5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.yaxis.set_major_locator(LogLocator(100, numticks=5))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("n", labelpad=0)
        axes.xaxis.label.set_visible(law.algorithm in bottom)
    for axes in list(panels.flat)[len(laws) :]:
        axes.remove()
    drawing.supylabel("operations", fontsize=11)
    return drawing


QUOTIENT = "forward / reverse"
PAIR = ("#0072B2", "#E69F00")  # of the two conventions


def plain_ticks(axis: Axis, *steps: int) -> None:
    """Ticks at these steps of each decade or octave, as people write them: 60 and not 6e1."""
    axis.set_major_locator(LogLocator(10 if steps else 2, subs=steps or (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_minor_locator(NullLocator())


def close(drawing: Figure) -> None:
    plt.close(drawing)
