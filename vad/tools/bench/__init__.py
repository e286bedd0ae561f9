"""Bench: the same questions asked in four ways on one machine, a round of each in turn.

raw        vLLM's own `LLM.chat`, all prompts in one batch
run        a whole `vad run` of them on the same engine, from plan to Parquet
dspy       DSPy's default path: JSONAdapter, LiteLLM, vLLM's own server, 32 threads
simulated  a whole `vad run` on an engine that answers at once: our own part, alone; of ten times as
           many questions, or all there are, as they take no time

Each way is a process of its own (worker.py) that starts its engine and answers all questions once
before anything is timed; before each round the prefix cache is emptied. Model, engine arguments,
questions, seeds and sampling are the same in all; prompts and constraint are the same in raw, run
and simulated. DSPy's adapter writes its own prompt and its own JSON schema, unless the experiment
sets adapter = "json": then its prompts are everyone's.
"""
