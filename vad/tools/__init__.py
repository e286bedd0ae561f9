"""Tools: what is built on a run, none of them knowing another.

bench             what asking costs, beside raw vLLM and DSPy's default path
curation          drafting, judging, checking and importing scenarios and personas
optimize          DSPy's optimisers on a program, with a held-out part
stress            adversarial models that try to break the guarantee
reproducibility   a sample of a run asked again
"""
