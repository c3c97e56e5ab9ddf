"""How cheap is a gradient? A value with its gradient over the value alone, and what the theorems promise.

Two theorems bound the reverse mode, and neither is about counts of equal weight over every operation:

- Griewank, On automatic differentiation, 1989: at most five times. It goes operation by operation, since a ratio of
  sums is at most the largest ratio of their terms, and the largest is that of a product: itself, two products with
  its adjoint, two sums. Griewank and Walther (Evaluating Derivatives, 2nd ed., 2008, table 2.3) take a quotient for
  optional: a product with a reciprocal.
- Baur and Strassen, The complexity of partial derivatives, Theoretical Computer Science 22, 1983: three times, for
  rational functions, where only nonscalar operations count: products of two numbers that both depend on an
  input, and quotients by such a number. L(f) is there the least that any program takes. The proof makes of any program
  one for the gradient, and this is checked here, program by program.

The partials of a quotient a / b are 1 / b and -y / b here, which is dearer than either theorem has it. Written as a
product with 1 / b it costs one operation more in the value, one less in the partials and one more in the accumulation:
in the value, and in the value with its gradient, one more for each quotient of two numbers that depend on an input.

- `measure`: what is counted.
- `claims`: what the counts decide, and the study that they make.
"""
