"""Guarantee: what is proved before the first question, and from what.

dry_run          the calls a program makes when every answer is the longest
prompt_lengths   how many tokens each of them takes at most
prompt_contents  that each message stands in the prompt the model is given
certificate      the five points of the parse certificate
canary           a text that shows the constraint in force, asked as a run begins
"""
