"""What does a real task cost? Learning handwritten digits, counted by phase and by layer.

- `measure`: what is counted.
- `claims`: what the counts decide, and the study.
"""
