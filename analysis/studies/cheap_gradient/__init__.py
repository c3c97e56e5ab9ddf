"""How cheap is a gradient? The cost of a value with its gradient over that of the value, and what theorems promise.

Two theorems bound the reverse mode, and neither is about counts in which every operation has equal weight:

- Griewank, On automatic differentiation, 1989: at most five times. The proof goes operation by operation, since a ratio
  of sums is at most the largest ratio of their terms. The largest is that of a product: the product itself, two
  products with its adjoint, two sums. Griewank and Walther (Evaluating Derivatives, 2nd ed., 2008, table 2.3) treat
  a quotient as optional: it is a product with a reciprocal.
- Baur and Strassen, The complexity of partial derivatives, Theoretical Computer Science 22, 1983: three times, for
  rational functions, if only nonscalar operations count: products of two numbers that both depend on an input, and
  quotients by such a number. There L(f) is the least that any program takes. The proof turns any program into one for
  the gradient, and that is checked here, program by program.

Here the partials of a quotient a / b are 1 / b and -y / b, which costs more than either theorem assumes. Written as a
product with 1 / b, a quotient costs one more operation in the value, one less in the partials and one more in the
accumulation. So for each quotient of two numbers that depend on an input, both the value, and the value with its
gradient, cost one more.

- `measure`: what is counted.
- `claims`: what the counts decide, and the study.
"""
