"""What does a real task cost? Handwritten digits, counted while they are learnt, by phase and by layer.

- `measure`: what is counted.
- `claims`: what the counts decide, and the study that they make.
"""
